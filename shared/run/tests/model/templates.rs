//! The workflows of common shapes, from start to end, with agents that answer as those do that
//! ship.

use serde_json::{Value, json};
use tdev_domain::{Compensation, Part, Place, RunStatus};
use tdev_run::Decision;
use tdev_workflow::{Definition, Plan, templates};

use crate::sim::{Disturbance, Sim, now_or_never};

/// `n x item @ price = total` of every line.
fn invoice_lines(input: &Value) -> Result<Value, String> {
    let text = input["text"].as_str().ok_or("no text")?;
    let lines = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once(" x ")?;
        let (item, rest) = rest.split_once(" @ ")?;
        let (_, total) = rest.split_once(" = ")?;
        let total: f64 = total.split_whitespace().next()?.parse().ok()?;
        Some(json!({"item": item, "total": total}))
    });
    let lines: Vec<Value> = lines.collect();
    let sum: f64 = lines.iter().filter_map(|line| line["total"].as_f64()).sum();
    Ok(json!({"lines": lines, "sum": sum, "consistent": true}))
}

fn csv_summary(input: &Value) -> Result<Value, String> {
    let csv = input["csv"].as_str().ok_or("no csv")?;
    let (name, rows) = csv.split_once('\n').ok_or("no rows")?;
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_unstable();
    let count = |row: &&str| rows.iter().filter(|other| *other == row).count();
    let commonest = rows.iter().max_by_key(|row| count(row));
    Ok(json!({"columns": [{"name": name, "commonest": [commonest]}]}))
}

fn keyword_extractor(input: &Value) -> Result<Value, String> {
    let text = input["text"].as_str().ok_or("no text")?;
    let words = text.split_whitespace().filter(|word| word.len() > 6);
    let keywords: Vec<Value> = words.map(|word| json!({"phrase": word})).collect();
    Ok(json!({"keywords": keywords}))
}

fn text_statistics(input: &Value) -> Result<Value, String> {
    let text = input["text"].as_str().ok_or("no text")?;
    Ok(json!({"words": text.split_whitespace().count()}))
}

fn deadline_reminder(input: &Value) -> Result<Value, String> {
    let tasks = input["tasks"].as_array().ok_or("no tasks")?;
    Ok(json!({"reminders": tasks}))
}

fn visit_counter(input: &Value) -> Result<Value, String> {
    let page = input["page"].as_str().ok_or("no page")?;
    let visits = u32::from(input["reset"] != true);
    Ok(json!({"page": page, "visits": visits}))
}

fn approval_desk(input: &Value) -> Result<Value, String> {
    if input["amount"].as_f64() > input["free_up_to"].as_f64() {
        return Err("nobody agreed".to_owned());
    }
    Ok(json!({"verdict": "approved"}))
}

/// A run of the workflow `name`, accepted; on the first example it gives, unless there is `input`.
fn started(name: &str, input: Option<Value>) -> (Plan, Sim) {
    let shape = templates().iter().find(|shape| shape.name == name).unwrap();
    let definition = Definition::from_yaml(shape.yaml).unwrap();
    let example = &definition.input_schema.as_ref().unwrap()["examples"][0];
    let input = input.unwrap_or_else(|| example.clone());
    let plan = Plan::new(&definition).unwrap();
    let sim = Sim::of(std::slice::from_ref(&plan), input, Disturbance::default());
    sim.model.state().answers = [
        ("invoice-lines", invoice_lines as fn(&Value) -> _),
        ("csv-summary", csv_summary),
        ("keyword-extractor", keyword_extractor),
        ("text-statistics", text_statistics),
        ("deadline-reminder", deadline_reminder),
        ("visit-counter", visit_counter),
        ("approval-desk", approval_desk),
    ]
    .into();
    (plan, sim)
}

fn output(sim: &mut Sim) -> Value {
    match sim.settle() {
        RunStatus::Completed { output } => output,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sequence_hands_on_what_each_step_gave() {
    let (_, mut sim) = started("sequence", None);
    assert_eq!(
        output(&mut sim),
        json!({
            "sum": 805.2,
            "columns": [{"name": "item", "commonest": ["Ergonomic chair"]}]
        })
    );
}

#[test]
fn a_fan_in_has_what_all_before_it_gave() {
    let (_, mut sim) = started("fan-out-fan-in", None);
    let title = "Order of 147.0 on meeting, 17 words";
    assert_eq!(
        output(&mut sim),
        json!({"file": {"reminders": [{"title": title, "due": "2026-03-02"}]}})
    );
}

#[test]
fn a_reduction_sees_all_items_in_order() {
    let (_, mut sim) = started("map-reduce", None);
    assert_eq!(output(&mut sim), json!({"phrases": ["peatlands"]}));
    let steps = sim.steps();
    assert!(steps.contains_key("map.0") && steps.contains_key("map.1"));
}

#[test]
fn a_saga_takes_back_what_it_did_if_a_step_fails() {
    let (_, mut sim) = started("saga", None);
    assert_eq!(output(&mut sim), json!({"verdict": "approved"}));
    let dear = json!({"visitor": "hollis", "amount": 2_000});
    let (plan, mut sim) = started("saga", Some(dear));
    let RunStatus::Failed { uncompensated, .. } = sim.settle() else {
        panic!("not failed")
    };
    assert_eq!(uncompensated, []);
    let steps = sim.steps();
    assert_eq!(steps["pay"].tries.len(), 2);
    let undone = |id: &str| (&steps[id].compensation, steps[id].compensation_ended_at);
    let (book, reserve) = (undone("book"), undone("reserve"));
    assert_eq!(
        (book.0, reserve.0),
        (&Some(Compensation::Done), &Some(Compensation::Done))
    );
    assert!(book.1 < reserve.1, "the last first");
    let state = sim.model.state();
    let takings = state
        .jobs
        .values()
        .filter(|job| job.of.part == Part::Compensation);
    let mut takings: Vec<_> = takings
        .map(|job| {
            (
                plan.step(job.of.place.step).id.to_string(),
                job.input.clone(),
            )
        })
        .collect();
    takings.sort_by(|(a, _), (b, _)| a.cmp(b));
    let taken_back = |page: &str| json!({"page": page, "reset": true});
    assert_eq!(
        takings,
        [
            ("book".to_owned(), taken_back("trips/hollis")),
            ("reserve".to_owned(), taken_back("rooms/hollis"))
        ]
    );
}

#[test]
fn a_gate_asks_a_person_where_it_matters() {
    let (plan, mut sim) = started("approval-gate", None);
    let place = Place::step(plan.index_of(&"agree".parse().unwrap()).unwrap());
    let asked = |sim: &Sim| match sim.steps().get("agree").map(|step| step.state.clone()) {
        Some(tdev_domain::StepState::AwaitingApproval { message, .. }) => Some(message),
        _ => None,
    };
    sim.until(|sim| asked(sim).is_some());
    assert_eq!(asked(&sim).unwrap(), "May 747.0 be paid by 2026-03-02?");
    let decision = Decision {
        approved: true,
        by: "ada".to_owned(),
        comment: String::new(),
    };
    let now = sim.model.state().now;
    now_or_never(tdev_run::decide(
        &sim.root, place, decision, &sim.model, now,
    ))
    .unwrap();
    sim.send(Some(place));
    let reminder = |title: &str| json!({"reminders": [{"title": title, "due": "2026-03-02"}]});
    let paid = output(&mut sim);
    assert_eq!(
        paid,
        json!({"file_agreed": reminder("Pay 747.0, as agreed")})
    );
    let small = json!({
        "invoice": "3 x Pencil @ 1.00 = 3.00", "due": "2026-03-02", "limit": 500
    });
    let (_, mut sim) = started("approval-gate", Some(small));
    assert_eq!(output(&mut sim), json!({"file": reminder("Pay 3.0")}));
}
