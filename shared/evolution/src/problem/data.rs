//! Cases, and how they come in from CSV and JSON Lines.

use std::io::{BufRead, BufReader, Read};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value as Json};

/// The most cases of a problem.
pub const MAX_CASES: usize = 100_000;
/// The most bytes of cases that are imported at once.
pub const MAX_IMPORT_BYTES: u64 = 8 << 20;

/// An input and the output that is expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What the function is called with.
    pub input: Json,
    /// What it should return; absent where an agent scores.
    #[serde(default)]
    pub output: Json,
    /// What its loss is multiplied by, more than 0.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_one(weight: &f64) -> bool {
    weight.to_bits() == 1.0_f64.to_bits()
}

/// What the columns of a CSV file are. The file has a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// The columns that make the input.
    pub inputs: Vec<Column>,
    /// What the input is made of them.
    #[serde(default)]
    pub shape: Shape,
    /// The columns that make the expected output: the value of the only one, or a record.
    pub outputs: Vec<Column>,
    /// The column that has the weight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name in the header.
    pub name: String,
    /// What its fields are.
    #[serde(rename = "type")]
    pub ty: ColumnType,
}

/// What the fields of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnType {
    /// Integers of 64 bits.
    Integer,
    /// Finite numbers, floats even where they are whole.
    Float,
    /// `true` or `false`.
    Boolean,
    /// Text as it stands.
    String,
    /// JSON, such as `[1, 2]`.
    Json,
}

/// What an input is made of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// A record with a field for each: what `execute` is called with.
    #[default]
    Record,
    /// A list with an item for each: the arguments of a function of the block.
    Arguments,
    /// The value of the only one.
    Value,
}

/// Why cases could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A line of the file.
    #[error("line {line}: {reason}")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong there.
        reason: String,
    },
    /// The header lacks a column.
    #[error("there is no column `{0}`")]
    NoColumn(String),
    /// The layout means nothing.
    #[error("{0}")]
    Layout(&'static str),
    /// There are more than [`MAX_CASES`].
    #[error("more than {MAX_CASES} cases")]
    TooMany,
    /// There are more than [`MAX_IMPORT_BYTES`].
    #[error("more than {MAX_IMPORT_BYTES} bytes")]
    TooLarge,
    /// The file could not be read.
    #[error("the data could not be read")]
    Read(#[source] std::io::Error),
}

/// Reads no further than the limit, and remembers that there was more.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Limited<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            left: MAX_IMPORT_BYTES,
        }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::FileTooLarge))?;
        Ok(read)
    }
}

impl From<std::io::Error> for ImportError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::FileTooLarge {
            Self::TooLarge
        } else {
            Self::Read(error)
        }
    }
}

fn push(cases: &mut Vec<Case>, case: Case) -> Result<(), ImportError> {
    if cases.len() == MAX_CASES {
        return Err(ImportError::TooMany);
    }
    cases.push(case);
    Ok(())
}

/// Reads cases that stand as JSON, one a line. Empty lines are skipped.
///
/// # Errors
///
/// [`ImportError`] names the first line that is no case.
pub fn from_jsonl(reader: impl Read) -> Result<Vec<Case>, ImportError> {
    let mut reader = BufReader::new(Limited::new(reader));
    let mut cases = Vec::new();
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        if reader.read_until(b'\n', &mut text)? == 0 {
            break;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let case = serde_json::from_slice(&text).map_err(|error| ImportError::Line {
            line,
            reason: format!("no case: {error}"),
        })?;
        push(&mut cases, case)?;
    }
    Ok(cases)
}

/// Writes cases as JSON, one a line, as [`from_jsonl`] reads them.
pub fn to_jsonl(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let mut fields = Map::new();
        fields.insert("input".to_owned(), case.input.clone());
        fields.insert("output".to_owned(), case.output.clone());
        if !is_one(&case.weight) {
            fields.insert("weight".to_owned(), Json::from(case.weight));
        }
        text.push_str(&Json::Object(fields).to_string());
        text.push('\n');
    }
    text
}

/// A column and where it stands.
struct Found<'a> {
    column: &'a Column,
    at: usize,
}

fn find<'a>(
    columns: &'a [Column],
    header: &csv::StringRecord,
) -> Result<Vec<Found<'a>>, ImportError> {
    let find = |column: &'a Column| {
        let at = header.iter().position(|name| name == column.name);
        let at = at.ok_or_else(|| ImportError::NoColumn(column.name.clone()))?;
        Ok(Found { column, at })
    };
    columns.iter().map(find).collect()
}

/// Reads cases from CSV (RFC 4180) with a header.
///
/// # Errors
///
/// [`ImportError`] names the first line that is no case, or says what else is wrong.
pub fn from_csv(reader: impl Read, layout: &Layout) -> Result<Vec<Case>, ImportError> {
    if layout.inputs.is_empty() || layout.outputs.is_empty() {
        return Err(ImportError::Layout(
            "a column for the input and one for the output at least",
        ));
    }
    if layout.shape == Shape::Value && layout.inputs.len() != 1 {
        return Err(ImportError::Layout("the shape `value` takes one column"));
    }
    let mut reader = csv::ReaderBuilder::new().from_reader(Limited::new(reader));
    let header = reader.headers().map_err(of_csv)?.clone();
    let inputs = find(&layout.inputs, &header)?;
    let outputs = find(&layout.outputs, &header)?;
    let weight = layout.weight.as_ref().map(|name| Column {
        name: name.clone(),
        ty: ColumnType::Float,
    });
    let weight = find(weight.as_slice(), &header)?;
    let mut cases = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(of_csv)? {
        let line = record.position().map_or(0, csv::Position::line);
        let value = |found: &Found<'_>| {
            let text = record.get(found.at).unwrap_or_default();
            found
                .column
                .ty
                .parse(text)
                .ok_or_else(|| ImportError::Line {
                    line,
                    reason: format!(
                        "column `{}`: expected {}",
                        found.column.name,
                        found.column.ty.expects()
                    ),
                })
        };
        let fields = |columns: &[Found<'_>]| {
            let fields = columns
                .iter()
                .map(|f| Ok((f.column.name.clone(), value(f)?)));
            fields
                .collect::<Result<Map<_, _>, ImportError>>()
                .map(Json::Object)
        };
        let input = match (layout.shape, &inputs[..]) {
            (Shape::Record, columns) => fields(columns)?,
            (Shape::Value, [only]) => value(only)?,
            (_, columns) => Json::Array(columns.iter().map(value).collect::<Result<_, _>>()?),
        };
        let output = match &outputs[..] {
            [only] => value(only)?,
            columns => fields(columns)?,
        };
        let weight = weight.first().map(value).transpose()?;
        let weight = weight.and_then(|weight| weight.as_f64()).unwrap_or(1.0);
        let case = Case {
            input,
            output,
            weight,
        };
        push(&mut cases, case)?;
    }
    Ok(cases)
}

fn of_csv(error: csv::Error) -> ImportError {
    let line = error.position().map_or(1, csv::Position::line);
    let reason = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "no UTF-8".to_owned(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("{len} fields; the header has {expected_len}")
        }
        _ => "no CSV".to_owned(),
    };
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        _ => ImportError::Line { line, reason },
    }
}

impl ColumnType {
    fn parse(self, text: &str) -> Option<Json> {
        let trimmed = text.trim();
        match self {
            Self::Integer => trimmed.parse::<i64>().ok().map(Json::from),
            Self::Float => trimmed
                .parse()
                .ok()
                .and_then(Number::from_f64)
                .map(Json::Number),
            Self::Boolean => match trimmed {
                "true" | "True" => Some(Json::Bool(true)),
                "false" | "False" => Some(Json::Bool(false)),
                _ => None,
            },
            Self::String => Some(Json::from(text)),
            Self::Json => serde_json::from_str(text).ok(),
        }
    }

    fn expects(self) -> &'static str {
        match self {
            Self::Integer => "an integer",
            Self::Float => "a finite number",
            Self::Boolean => "`true` or `false`",
            Self::String => "text",
            Self::Json => "JSON",
        }
    }
}

#[cfg(test)]
mod tests;
