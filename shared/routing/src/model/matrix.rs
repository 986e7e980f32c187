//! Rows of class weights with their AdaGrad accumulators, in which classes come and go.

/// Columns are added this many at a time: a whole number of vector registers.
const LANES: usize = 16;

/// One row per input and one column per class, trained by AdaGrad.
///
/// Columns beyond the number of classes are padding and always 0.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    rows: usize,
    stride: usize,
    weights: Vec<f32>,
    squares: Vec<f32>,
    /// What accumulators start from: the larger, the more careful the first steps.
    start: f32,
}

impl Matrix {
    pub(crate) const fn new(rows: usize, start: f32) -> Self {
        Self {
            rows,
            stride: 0,
            weights: Vec::new(),
            squares: Vec::new(),
            start,
        }
    }

    /// The length of a row, padding included.
    pub(crate) const fn stride(&self) -> usize {
        self.stride
    }

    pub(crate) fn row(&self, row: usize) -> &[f32] {
        &self.weights[row * self.stride..(row + 1) * self.stride]
    }

    /// Makes room for `columns` columns; new ones hold 0.
    pub(crate) fn reserve(&mut self, columns: usize) {
        if columns > self.stride {
            let wider = columns.next_multiple_of(LANES);
            self.weights = restride(&self.weights, self.rows, self.stride, wider, 0.0);
            self.squares = restride(&self.squares, self.rows, self.stride, wider, self.start);
            self.stride = wider;
        }
    }

    /// Sets every weight of a column and forgets its history.
    pub(crate) fn reset_column(&mut self, column: usize, mut value: impl FnMut() -> f32) {
        for row in 0..self.rows {
            self.weights[row * self.stride + column] = value();
            self.squares[row * self.stride + column] = self.start;
        }
    }

    /// Overwrites column `to` with column `from`.
    pub(crate) fn move_column(&mut self, from: usize, to: usize) {
        for row in 0..self.rows {
            let start = row * self.stride;
            self.weights[start + to] = self.weights[start + from];
            self.squares[start + to] = self.squares[start + from];
        }
    }

    /// Adds `input` times a row to `output`.
    pub(crate) fn accumulate(&self, row: usize, input: f32, output: &mut [f32]) {
        for (sum, weight) in output.iter_mut().zip(self.row(row)) {
            *sum += input * weight;
        }
    }

    /// One AdaGrad step on a row, whose input was `input`, against the gradient of the output.
    pub(crate) fn descend(&mut self, row: usize, input: f32, gradient: &[f32], rate: f32) {
        let range = row * self.stride..(row + 1) * self.stride;
        let weights = &mut self.weights[range.clone()];
        let squares = &mut self.squares[range];
        for ((weight, square), slope) in weights.iter_mut().zip(squares).zip(gradient) {
            let slope = slope * input;
            *square += slope * slope;
            *weight -= rate * slope / square.sqrt();
        }
    }
}

fn restride(old: &[f32], rows: usize, from: usize, to: usize, fill: f32) -> Vec<f32> {
    let mut new = vec![fill; rows * to];
    if from > 0 {
        for (new, old) in new.chunks_exact_mut(to).zip(old.chunks_exact(from)) {
            new[..from].copy_from_slice(old);
        }
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_keeps_what_was_learned() {
        let mut matrix = Matrix::new(2, 1e-6);
        matrix.reserve(3);
        matrix.reset_column(2, || 0.5);
        assert_eq!(matrix.stride(), LANES);
        matrix.reserve(LANES + 1);
        assert_eq!(matrix.stride(), 2 * LANES);
        for row in 0..2 {
            assert_eq!(matrix.row(row)[..4], [0.0, 0.0, 0.5, 0.0]);
        }
    }

    #[test]
    fn a_step_goes_down_the_gradient() {
        let mut matrix = Matrix::new(1, 1e-6);
        matrix.reserve(2);
        let mut gradient = vec![0.0; matrix.stride()];
        gradient[0] = -1.0;
        gradient[1] = 1.0;
        matrix.descend(0, 1.0, &gradient, 0.1);
        let row = matrix.row(0);
        assert!(row[0] > 0.0 && row[1] < 0.0);
        assert!(row[2..].iter().all(|weight| *weight == 0.0));
    }
}
