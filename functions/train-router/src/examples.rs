//! What a model is made of.

use tdev_domain::{AgentVersion, ArtifactDigest, Lesson, LessonOrigin, Verdict};
use tdev_routing::Error;
use tdev_routing::model::{AgentKey, Memory, Origin};

/// The most lessons a model learns from, the newest.
pub const MAX_LESSONS: usize = 5_000;

/// What a model is made of: the examples, and their digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examples {
    /// The examples.
    pub memory: Memory,
    /// The digest: the same examples have the same, and others another.
    pub digest: ArtifactDigest,
    /// How many there are.
    pub count: u64,
}

impl Examples {
    /// Puts together what `agents` say of themselves and what `lessons`, the oldest first, say of
    /// them. Lessons about agents that there are not any more are left out.
    ///
    /// # Errors
    ///
    /// If the examples cannot be encoded.
    pub fn of(agents: &[AgentVersion], lessons: &[Lesson]) -> Result<Self, Error> {
        let mut memory = Memory::new();
        for agent in agents {
            let utterances = agent.manifest.utterances.iter().map(String::as_str);
            memory.introduce(&AgentKey::from(&agent.agent), utterances);
        }
        // A client's word goes last, and so before all that was concluded from outcomes.
        for origin in [LessonOrigin::Outcome, LessonOrigin::Feedback] {
            for lesson in lessons.iter().filter(|lesson| lesson.origin == origin) {
                learn(&mut memory, lesson);
            }
        }
        let bytes = memory.to_bytes()?;
        let count = memory.iter().count() + memory.outside().count();
        Ok(Self {
            digest: ArtifactDigest::of(&bytes),
            count: u64::try_from(count).unwrap_or(u64::MAX),
            memory,
        })
    }
}

fn learn(memory: &mut Memory, lesson: &Lesson) {
    let origin = match lesson.origin {
        LessonOrigin::Outcome => Origin::Outcome,
        LessonOrigin::Feedback => Origin::Feedback,
    };
    let (agent, positive) = match &lesson.verdict {
        Verdict::ForNone => return memory.record_outside(&lesson.text),
        Verdict::For(agent) => (agent, true),
        Verdict::NotFor(agent) => (agent, false),
    };
    let key = AgentKey::from(agent);
    let is_known = memory.agents().any(|known| *known == key);
    if is_known {
        memory.record(&key, &lesson.text, positive, origin);
    }
}
