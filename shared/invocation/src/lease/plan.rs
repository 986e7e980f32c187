//! What is done about tool calls.

use tdev_domain::{Answer, EffectClass, EffectError, EffectErrorKind, Invocation, Pending, Stage};

use super::Lease;
use crate::error::Stop;
use crate::transition::{self, Step};
use crate::{Journal, Machine, Request, World};

/// What is done about a tool call.
enum Plan {
    /// It is answered, and no more.
    Answer(Answer),
    /// This child is created, and waited for.
    Call(Box<Invocation>),
    /// An effect of another kind is begun.
    Begin(EffectClass, Step),
}

impl<J: Journal, W: World, M: Machine> Lease<'_, J, W, M> {
    /// Decides what is done about calls that are made at once, and notes it with each. Nothing, if
    /// all are answered.
    pub(super) async fn plan(&mut self, standing: &mut [Pending]) -> Result<Option<Step>, Stop> {
        let world = self.world;
        let request = |effect: &Pending| world.request(&self.record, &effect.call);
        let requests: Vec<_> = standing.iter().map(request).collect();
        let refusal = transition::refusal(&self.record, &requests);
        let alone = requests.len() == 1;
        let mut children = Vec::new();
        let mut step = None;
        for (effect, request) in standing.iter_mut().zip(requests) {
            let plan = match (&refusal, request) {
                (_, Request::Recorded(answer)) => Plan::Answer(answer),
                (Some(error), _) => Plan::Answer(Answer::Error(error.clone())),
                (None, request) => self.plan_one(effect, request).await?,
            };
            effect.stage = Stage::Intended;
            match plan {
                Plan::Call(child) => {
                    effect.class = EffectClass::Child;
                    children.push(*child);
                }
                Plan::Begin(class, begun) if alone => {
                    effect.class = class;
                    step = Some(begun);
                }
                Plan::Begin(..) => effect.stage = Stage::Answered(only_agents()),
                Plan::Answer(answer) => effect.stage = Stage::Answered(answer),
            }
        }
        Ok(step.or_else(|| (!children.is_empty()).then_some(Step::Call(children))))
    }

    async fn plan_one(&mut self, effect: &Pending, request: Request) -> Result<Plan, Stop> {
        let now = effect.begun_at;
        Ok(match request {
            Request::Recorded(answer) => Plan::Answer(answer),
            Request::Idempotent => Plan::Begin(EffectClass::Idempotent, Step::Perform),
            Request::AtMostOnce => Plan::Begin(EffectClass::AtMostOnce, Step::Perform),
            Request::Sleep(duration) => {
                let until = transition::after(now, duration);
                Plan::Begin(EffectClass::Timer, Step::Sleep { until })
            }
            Request::WaitFor { signal, timeout } => {
                let until = transition::after(now, timeout);
                Plan::Begin(EffectClass::Signal, Step::Hear { signal, until })
            }
            Request::CallAgent { agent, input } => {
                match self.world.callee(&self.record, &agent).await? {
                    Ok(callee) => {
                        let number = effect.number;
                        let child = transition::called_by(&self.record, number, callee, input, now);
                        Plan::Call(Box::new(child))
                    }
                    Err(error) => Plan::Answer(Answer::Error(error)),
                }
            }
        })
    }
}

/// What a call is answered that is made at once with others, and is not for an agent.
fn only_agents() -> Answer {
    Answer::Error(EffectError::new(
        EffectErrorKind::Failed,
        "only agents are called at once; nothing was done",
    ))
}
