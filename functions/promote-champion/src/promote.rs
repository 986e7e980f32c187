//! Registering a winner as its agent's next version, and seeing what became of that.

use jiff::{SignedDuration, Timestamp};
use tdev_domain::evolution::{Champion, Ending, Evolution, Status, Step, Winner};
use tdev_domain::{
    AgentVersion, ArtifactDigest, ErrorName, ManifestDraft, RegisterMessage, Registration,
    RegistrationId, Source, State, VersionNumber,
};
use tdev_lambda::Error;

use crate::handler::Deps;

/// How long a registration may take. One takes seconds; a message that was given up lies in the
/// dead letters after minutes.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

impl Deps {
    /// Registers the winner if it is not registered, and ends the evolution if the registration
    /// has ended.
    pub(crate) async fn promote(&self, evolution: Evolution) -> Result<Step, Error> {
        let Status::Promoting { registration: id } = &evolution.status else {
            return self.say(&evolution).await;
        };
        let winner = evolution.winner.clone().ok_or_else(|| {
            Error::new(
                ErrorName::Internal,
                "an evolution without a winner is being promoted",
            )
        })?;
        let tenant = &evolution.draft.tenant;
        let registration = match self.table.registration(tenant, id).await? {
            Some(registration) => registration,
            None => self.register(&evolution, id, &winner).await?,
        };
        match registration.state {
            State::Active { version } => self.promoted(&evolution, version, winner).await,
            State::Quarantined | State::Rejected => {
                let registration = registration.id;
                let ending = Ending::NotAdmitted { registration };
                self.advance(&evolution, Status::Finished(ending)).await
            }
            State::Accepted => {
                // The message may not have been sent.
                self.call_for(&registration).await?;
                self.wait(&evolution).await
            }
            State::Analysing | State::Probing => self.wait(&evolution).await,
        }
    }

    /// Stores the winner's source as an artifact, and a registration of it, as if a client had
    /// sent it with what the base's client sent beside the source.
    async fn register(
        &self,
        evolution: &Evolution,
        id: &RegistrationId,
        winner: &Winner,
    ) -> Result<Registration, Error> {
        let tenant = &evolution.draft.tenant;
        let bytes = self
            .objects
            .champion(tenant, &evolution.id, &winner.source)
            .await?;
        let source = Source::from_bytes(&bytes).map_err(Error::internal)?;
        let artifact: ArtifactDigest = self.artifacts.put(&source).await?;
        let submitted = self.submitted(evolution).await?;
        let draft = &evolution.draft;
        let accepted = Registration::accept(
            tenant.clone(),
            draft.agent.clone(),
            artifact,
            u32::try_from(source.len()).unwrap_or(u32::MAX),
            submitted,
            Timestamp::now(),
        );
        let registration = Registration {
            id: id.clone(),
            ..accepted
        };
        self.table.put_registration(&registration).await?;
        tracing::info!(evolution = %evolution.id, registration = %id, "registered");
        Ok(registration)
    }

    /// What the client of the base sent beside its source.
    async fn submitted(&self, evolution: &Evolution) -> Result<ManifestDraft, Error> {
        let base = self.base(evolution).await?;
        let tenant = &evolution.draft.tenant;
        let registration = self.table.registration(tenant, &base.registration).await?;
        Ok(registration.map_or_else(ManifestDraft::default, |found| found.submitted))
    }

    async fn base(&self, evolution: &Evolution) -> Result<AgentVersion, Error> {
        let draft = &evolution.draft;
        let base = self
            .table
            .version(&draft.tenant, &draft.agent, draft.base)
            .await?;
        base.ok_or_else(|| {
            Error::new(
                ErrorName::Internal,
                "the version that evolved does not exist",
            )
        })
    }

    async fn call_for(&self, registration: &Registration) -> Result<(), Error> {
        let message = RegisterMessage {
            tenant: registration.tenant.clone(),
            registration: registration.id.clone(),
        };
        Ok(self.registrations.send(&message, &[]).await?)
    }

    async fn wait(&self, evolution: &Evolution) -> Result<Step, Error> {
        let waited = Timestamp::now().duration_since(evolution.updated_at);
        if waited < PATIENCE {
            return Ok(evolution.step());
        }
        let error = ErrorName::Transient.as_str().to_owned();
        self.advance(evolution, Status::Failed { error }).await
    }

    /// Records the promotion and the champion, both or neither.
    async fn promoted(
        &self,
        evolution: &Evolution,
        version: VersionNumber,
        winner: Winner,
    ) -> Result<Step, Error> {
        let now = Timestamp::now();
        let promoted = evolution
            .advance(Status::Promoted { version }, now)
            .map_err(Error::internal)?;
        let champion = Champion {
            tenant: evolution.draft.tenant.clone(),
            agent: evolution.draft.agent.clone(),
            version,
            base: evolution.draft.base,
            evolution: evolution.id.clone(),
            winner,
            promoted_at: now,
            held: None,
            revision: 0,
        };
        self.table.put_promotion(&promoted, &champion).await?;
        tracing::info!(evolution = %evolution.id, %version, "promoted");
        self.say(&promoted).await
    }
}
