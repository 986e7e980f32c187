//! A trace of a workflow that was once run, and how long it must take.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// An instance as it is stored.
#[derive(Deserialize)]
struct Form {
    name: String,
    tasks: Vec<TaskForm>,
}

#[derive(Deserialize)]
struct TaskForm {
    id: String,
    parents: Vec<String>,
    seconds: f64,
}

/// Tasks, each after its parents, and how many whole seconds each is to take.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) name: String,
    tasks: Vec<Task>,
}

#[derive(Debug)]
struct Task {
    parents: Vec<usize>,
    seconds: u32,
}

/// The files of the instances in `folder`, the smallest first.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| {
        format!(
            "{} is absent: set TDEV_DATA to a folder with wfinstances/",
            folder.display()
        )
    })?;
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push((entry.metadata()?.len(), path));
        }
    }
    files.sort();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

impl Instance {
    /// Reads an instance, scaled down until its critical path takes at most `seconds`. Every task
    /// takes a whole number of seconds, and one at least.
    pub(super) fn read(path: &Path, seconds: f64) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("{} is unreadable", path.display()))?;
        let form: Form = serde_json::from_slice(&text)
            .with_context(|| format!("{} is no instance", path.display()))?;
        Self::scaled(form, seconds)
    }

    fn scaled(form: Form, seconds: f64) -> Result<Self> {
        let mut instance = Self {
            tasks: Vec::with_capacity(form.tasks.len()),
            name: form.name,
        };
        let order = in_order(&form.tasks)?;
        let places: HashMap<&str, usize> = order
            .iter()
            .zip(0..)
            .map(|(task, place)| (task.id.as_str(), place))
            .collect();
        for task in &order {
            let parents = task.parents.iter().filter_map(|id| places.get(id.as_str()));
            instance.tasks.push(Task {
                parents: parents.copied().collect(),
                seconds: 0,
            });
        }
        let wanted: Vec<f64> = order.iter().map(|task| task.seconds).collect();
        let factor = (seconds / instance.longest_path(&wanted)).min(1.0);
        for (task, wanted) in instance.tasks.iter_mut().zip(wanted) {
            task.seconds = whole(wanted * factor);
        }
        Ok(instance)
    }

    /// The definition of a workflow whose steps sleep for as long as the tasks take.
    pub(super) fn definition(&self, name: &str, agent: &str) -> Value {
        let step = |(place, task): (usize, &Task)| {
            let parents = task.parents.iter().map(|parent| format!("t{parent}"));
            json!({
                "id": format!("t{place}"),
                "agent": agent,
                "inputs": {"seconds": task.seconds},
                "depends_on": parents.collect::<Vec<_>>(),
            })
        };
        let steps: Vec<Value> = self.tasks.iter().enumerate().map(step).collect();
        json!({"name": name, "steps": steps})
    }

    pub(super) fn tasks(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn edges(&self) -> usize {
        self.tasks.iter().map(|task| task.parents.len()).sum()
    }

    /// How long each task is to take, in seconds, if `overhead` comes on top.
    pub(super) fn seconds(&self, overhead: f64) -> Vec<f64> {
        let tasks = self.tasks.iter();
        tasks
            .map(|task| f64::from(task.seconds) + overhead)
            .collect()
    }

    /// The longest path, in seconds, if the tasks take so long: no schedule is shorter.
    pub(super) fn longest_path(&self, seconds: &[f64]) -> f64 {
        let mut ends: Vec<f64> = Vec::with_capacity(self.tasks.len());
        for (task, seconds) in self.tasks.iter().zip(seconds) {
            let begins = task.parents.iter().map(|parent| ends[*parent]);
            ends.push(begins.fold(0.0, f64::max) + seconds);
        }
        ends.into_iter().fold(0.0, f64::max)
    }

    /// How long an engine takes, in seconds, that begins a level when the one before has ended: a
    /// task's level is one more than the highest of its parents'.
    pub(super) fn by_levels(&self, seconds: &[f64]) -> f64 {
        let mut level_of: Vec<usize> = Vec::with_capacity(self.tasks.len());
        let mut levels: Vec<f64> = Vec::new();
        for (task, seconds) in self.tasks.iter().zip(seconds) {
            let level = task
                .parents
                .iter()
                .map(|parent| level_of[*parent] + 1)
                .max();
            let level = level.unwrap_or_default();
            level_of.push(level);
            if levels.len() <= level {
                levels.resize(level + 1, 0.0);
            }
            levels[level] = levels[level].max(*seconds);
        }
        levels.into_iter().sum()
    }
}

/// Seconds, rounded, and one at least.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is out of range is as good as the limit"
)]
fn whole(seconds: f64) -> u32 {
    (seconds.round() as u32).max(1)
}

/// The tasks, each after its parents.
fn in_order(tasks: &[TaskForm]) -> Result<Vec<&TaskForm>> {
    let mut left: Vec<&TaskForm> = tasks.iter().collect();
    let mut order: Vec<&TaskForm> = Vec::with_capacity(tasks.len());
    while !left.is_empty() {
        let is_there = |id: &String| order.iter().any(|task| task.id == *id);
        let (ready, rest): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|task| task.parents.iter().all(is_there));
        anyhow::ensure!(!ready.is_empty(), "its tasks wait for each other");
        order.extend(ready);
        left = rest;
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(seconds: f64) -> Instance {
        let form = json!({"name": "w", "tasks": [
            {"id": "join", "parents": ["left", "right"], "seconds": 20.0},
            {"id": "split", "parents": [], "seconds": 10.0},
            {"id": "left", "parents": ["split"], "seconds": 50.0},
            {"id": "right", "parents": ["split"], "seconds": 0.1},
            {"id": "after", "parents": ["right"], "seconds": 70.0},
        ]});
        Instance::scaled(serde_json::from_value(form).unwrap(), seconds).unwrap()
    }

    #[test]
    fn the_bound_is_the_longest_path_and_levels_wait_for_each_other() {
        let instance = instance(1_000.0);
        let seconds = instance.seconds(0.0);
        // The shortest task takes a second.
        assert!((instance.longest_path(&seconds) - 81.0).abs() < 1e-9);
        assert!((instance.by_levels(&seconds) - 130.0).abs() < 1e-9);
        let slower = instance.seconds(1.0);
        assert!((instance.by_levels(&slower) - 133.0).abs() < 1e-9);
        assert_eq!((instance.tasks(), instance.edges()), (5, 5));
    }

    #[test]
    fn it_is_scaled_down_and_not_up() {
        let short = instance(40.0);
        let seconds = short.seconds(0.0);
        assert!(
            (short.longest_path(&seconds) - 41.0).abs() < 1e-9,
            "{seconds:?}"
        );
        assert_eq!(instance(500.0).seconds(0.0), instance(1_000.0).seconds(0.0));
    }

    #[test]
    fn every_step_waits_for_its_parents() {
        let definition = instance(1_000.0).definition("w", "sleeper");
        let steps = definition["steps"].as_array().unwrap();
        for (place, step) in steps.iter().enumerate() {
            for parent in step["depends_on"].as_array().unwrap() {
                let parent = parent.as_str().unwrap().trim_start_matches('t');
                assert!(parent.parse::<usize>().unwrap() < place);
            }
        }
        assert_eq!(steps[0]["inputs"]["seconds"], 10);
    }

    #[test]
    fn what_waits_for_itself_is_refused() {
        let form = json!({"name": "w", "tasks": [{"id": "a", "parents": ["a"], "seconds": 1}]});
        let form = serde_json::from_value(form).unwrap();
        assert!(Instance::scaled(form, 1.0).is_err());
    }
}
