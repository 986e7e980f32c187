//! The cases of the suite as they stand in its files.

use std::path::Path;

use serde_json::{Number, Value as Json};
use tdev_evolution::problem::Case;

/// What a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Float,
    Bool,
    Text,
    /// Numbers or strings in brackets, with spaces between them.
    Vector,
}

impl Kind {
    fn parse(self, text: &str) -> Json {
        match self {
            Self::Int => Json::from(text.parse::<i64>().expect("an integer")),
            Self::Float => {
                let value = text.parse().expect("a float");
                Json::Number(Number::from_f64(value).expect("a finite float"))
            }
            Self::Bool => Json::Bool(text == "true"),
            Self::Text => Json::from(text),
            Self::Vector => {
                let inside = text.trim().trim_start_matches('[').trim_end_matches(']');
                let items = serde_json::Deserializer::from_str(inside).into_iter();
                Json::Array(items.map(|item| item.expect("items")).collect())
            }
        }
    }
}

/// Reads the cases of `file`, the columns of which are inputs and then outputs.
pub(crate) fn read(file: &Path, inputs: &[Kind], outputs: &[(&str, Kind)]) -> Vec<Case> {
    let mut reader = csv::Reader::from_path(file).expect("the file of the problem");
    let records = reader.records().map(|record| record.expect("CSV"));
    let case = |record: csv::StringRecord| {
        let mut fields = record.iter();
        let mut field = || fields.next().expect("as many columns as there should be");
        let input = inputs.iter().map(|kind| kind.parse(field())).collect();
        let output = match outputs {
            [(_, kind)] => kind.parse(field()),
            several => {
                let named = |(name, kind): &(&str, Kind)| {
                    let value = kind.parse(field());
                    ((*name).to_owned(), value)
                };
                Json::Object(several.iter().map(named).collect())
            }
        };
        Case {
            input: Json::Array(input),
            output,
            weight: 1.0,
        }
    };
    records.map(case).collect()
}
