//! Real workflows, and how long they would take without an engine.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tdev_workflow::{Definition, Plan, limits};

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

/// Tasks that were once run, and what each waited for.
pub struct Instance {
    pub name: String,
    tasks: Vec<Task>,
}

struct Task {
    id: String,
    parents: Vec<usize>,
    milliseconds: u64,
}

/// How many steps of a workflow may be under way at once.
#[derive(Debug, Clone, Copy)]
pub enum InFlight {
    /// As many as are ready.
    Any,
    /// So many; of how long they take nothing is said.
    Counted(usize),
    /// So many; each step says how long it takes.
    Known(usize),
}

/// Which of the tasks that may begin does so first.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// The one that has been able to for longest.
    FirstCome,
    /// The one from whose beginning the path to the end of the workflow is longest.
    LongestPath,
}

/// All instances of a folder, by name. `None` if there is no such folder.
pub fn read_all(folder: &Path) -> Option<Vec<Instance>> {
    let entries = std::fs::read_dir(folder).ok()?;
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut instances: Vec<Instance> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .map(|path| {
            let text = std::fs::read(&path).expect("the file can be read");
            serde_json::from_slice::<Form>(&text)
                .expect("an instance")
                .into()
        })
        .collect();
    instances.sort_by(|a, b| a.name.cmp(&b.name));
    Some(instances)
}

/// `id` as an identifier of a step, which is made unique by its number.
fn step_id(number: usize, id: &str) -> String {
    let admitted = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let words = id.chars().map(|c| if admitted(c) { c } else { '-' });
    format!("t{number}-")
        .chars()
        .chain(words)
        .take(64)
        .collect()
}

impl From<Form> for Instance {
    fn from(form: Form) -> Self {
        let numbers: HashMap<&str, usize> = form
            .tasks
            .iter()
            .zip(0..)
            .map(|(task, number)| (task.id.as_str(), number))
            .collect();
        let tasks = form.tasks.iter().enumerate().map(|(number, task)| Task {
            id: step_id(number, &task.id),
            parents: task.parents.iter().map(|id| numbers[id.as_str()]).collect(),
            milliseconds: (task.seconds * 1e3).round() as u64,
        });
        Self {
            tasks: tasks.collect(),
            name: form.name,
        }
    }
}

impl Instance {
    /// The plan of a workflow whose agents take as long as the tasks did, so many of which may be
    /// under way at once.
    pub fn plan(&self, in_flight: InFlight) -> Arc<Plan> {
        let step = |task: &Task| -> Value {
            let id = |parent: &usize| &self.tasks[*parent].id;
            let mut step = json!({
                "id": task.id,
                "agent": "sleeper",
                "inputs": {"milliseconds": task.milliseconds},
                "depends_on": task.parents.iter().map(id).collect::<Vec<_>>(),
                "timeout_seconds": limits::MAX_TIMEOUT_SECONDS,
            });
            if let InFlight::Known(_) = in_flight {
                step["expected_seconds"] = json!(task.milliseconds as f64 / 1e3);
            }
            step
        };
        let steps: Vec<Value> = self.tasks.iter().map(step).collect();
        let mut definition = json!({"name": "instance", "steps": steps});
        if let InFlight::Counted(most) | InFlight::Known(most) = in_flight {
            definition["max_in_flight"] = json!(most);
        }
        let definition = Definition::from_json(&definition.to_string()).expect("a definition");
        Arc::new(Plan::new(&definition).expect("nothing is wrong with it"))
    }

    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    pub fn edges(&self) -> usize {
        self.tasks.iter().map(|task| task.parents.len()).sum()
    }

    fn children(&self) -> Vec<Vec<usize>> {
        let mut children = vec![Vec::new(); self.tasks.len()];
        for (number, task) in self.tasks.iter().enumerate() {
            for parent in &task.parents {
                children[*parent].push(number);
            }
        }
        children
    }

    /// The tasks, each after its parents.
    fn order(&self) -> Vec<usize> {
        let children = self.children();
        let mut waits: Vec<usize> = self.tasks.iter().map(|t| t.parents.len()).collect();
        let mut order: Vec<usize> = (0..waits.len()).filter(|t| waits[*t] == 0).collect();
        let mut next = 0;
        while let Some(&task) = order.get(next) {
            next += 1;
            for child in &children[task] {
                waits[*child] -= 1;
                if waits[*child] == 0 {
                    order.push(*child);
                }
            }
        }
        order
    }

    /// For every task the longest path from its beginning to the end of the workflow, in ms.
    fn paths(&self) -> Vec<u64> {
        let children = self.children();
        let mut paths = vec![0; self.tasks.len()];
        for task in self.order().into_iter().rev() {
            let after = children[task].iter().map(|child| paths[*child]).max();
            paths[task] = self.tasks[task].milliseconds + after.unwrap_or_default();
        }
        paths
    }

    /// The longest path, in ms: no schedule is shorter.
    pub fn critical_path(&self) -> u64 {
        self.paths().into_iter().max().unwrap_or_default()
    }

    /// What no schedule for so many workers is shorter than, in ms.
    pub fn bound(&self, workers: Option<usize>) -> f64 {
        let work: u64 = self.tasks.iter().map(|task| task.milliseconds).sum();
        let shared = workers.map_or(0.0, |workers| work as f64 / workers as f64);
        shared.max(self.critical_path() as f64)
    }

    /// How long an engine takes, in ms, that begins a level when the one before has ended: a
    /// task's level is one more than the highest of its parents'.
    pub fn by_levels(&self, workers: Option<usize>) -> u64 {
        let mut levels: Vec<Vec<u64>> = Vec::new();
        let mut level_of = vec![0; self.tasks.len()];
        for task in self.order() {
            let Task {
                parents,
                milliseconds,
                ..
            } = &self.tasks[task];
            let level = parents.iter().map(|parent| level_of[*parent] + 1).max();
            level_of[task] = level.unwrap_or_default();
            if levels.len() <= level_of[task] {
                levels.resize_with(level_of[task] + 1, Vec::new);
            }
            levels[level_of[task]].push(*milliseconds);
        }
        levels.iter().map(|level| one_level(level, workers)).sum()
    }

    /// How long it takes, in ms, if a worker always takes the task that comes first in `order` of
    /// those that may begin.
    pub fn list_schedule(&self, workers: usize, order: Order) -> u64 {
        let (children, paths) = (self.children(), self.paths());
        let mut waits: Vec<usize> = self.tasks.iter().map(|t| t.parents.len()).collect();
        let mut came = 0..;
        let mut key = |task: usize| {
            let path = match order {
                Order::FirstCome => 0,
                Order::LongestPath => paths[task],
            };
            (path, Reverse(came.next()), task)
        };
        let roots = (0..waits.len()).filter(|task| waits[*task] == 0);
        let mut ready: BinaryHeap<(u64, Reverse<Option<u32>>, usize)> =
            roots.map(&mut key).collect();
        let mut running = BinaryHeap::new();
        let mut now = 0;
        loop {
            while running.len() < workers
                && let Some((_, _, task)) = ready.pop()
            {
                running.push(Reverse((now + self.tasks[task].milliseconds, task)));
            }
            let Some(Reverse((end, task))) = running.pop() else {
                return now;
            };
            now = end;
            for child in &children[task] {
                waits[*child] -= 1;
                if waits[*child] == 0 {
                    ready.push(key(*child));
                }
            }
        }
    }

    /// What no schedule for so many workers is shorter than, in ms, as far as that is told by
    /// tasks that all come after something and before something: these share the workers, and
    /// nothing else of the workflow makes up for the time before and after.
    pub fn tight_bound(&self, workers: usize) -> f64 {
        let paths = self.paths();
        let mut heads = vec![0; self.tasks.len()];
        for task in self.order() {
            let Task { parents, .. } = &self.tasks[task];
            let ends = parents
                .iter()
                .map(|p| heads[*p] + self.tasks[*p].milliseconds);
            heads[task] = ends.max().unwrap_or_default();
        }
        let tail = |task: usize| paths[task] - self.tasks[task].milliseconds;
        let mut by_tail: Vec<usize> = (0..heads.len()).collect();
        by_tail.sort_by_key(|task| Reverse(tail(*task)));
        let mut bound = self.bound(Some(workers));
        for head in &heads {
            let mut work = 0;
            for task in by_tail.iter().filter(|task| heads[**task] >= *head) {
                work += self.tasks[*task].milliseconds;
                let shared = work as f64 / workers as f64;
                bound = bound.max((head + tail(*task)) as f64 + shared);
            }
        }
        bound
    }
}

/// How long the tasks of a level take, which wait for nothing but workers, in order.
fn one_level(milliseconds: &[u64], workers: Option<usize>) -> u64 {
    let workers = workers.unwrap_or(milliseconds.len()).max(1);
    let mut free: BinaryHeap<Reverse<u64>> = vec![Reverse(0); workers].into();
    let mut end = 0;
    for milliseconds in milliseconds {
        let Reverse(begun) = free.pop().unwrap_or_default();
        end = end.max(begun + milliseconds);
        free.push(Reverse(begun + milliseconds));
    }
    end
}
