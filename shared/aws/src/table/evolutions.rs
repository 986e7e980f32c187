//! Evolutions and their generations.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tdev_domain::evolution::{
    Champion, Evolution, EvolutionId, Generation, ProblemName, StatusName,
};
use tdev_domain::{AgentName, Invalid, TenantId, VersionNumber};

use super::index::{Index, IndexQuery};
use super::item::{self, Item};
use super::keys::{AGENDA, AGENDA_AT, LISTED_AT, LISTING, PK};
use super::listing::{AGENT, IndexListing, STATE, SUMMARY, Wanted, created, listed_at};
use super::page::Listing;
use super::text::Text;
use super::{Condition, Page, PageRequest, Table, Write, keys};
use crate::{Error, Result};

const READ: &str = "read an evolution";
const WRITE: &str = "write an evolution";
const LIST: &str = "list evolutions";

/// The largest page of what is due.
const MAX_LIMIT: u32 = 1_000;

/// An evolution that was to be looked after when the index was last written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueEvolution {
    /// The owner.
    pub tenant: TenantId,
    /// The evolution.
    pub id: EvolutionId,
    /// Its place on the agenda.
    at: String,
}

/// An evolution as a listing shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct EvolutionSummary {
    /// Its identifier.
    pub id: EvolutionId,
    /// The agent.
    pub agent: AgentName,
    /// The version that it began with.
    pub base: VersionNumber,
    /// What candidates are judged by.
    pub problem: ProblemName,
    /// Where it stands.
    pub status: StatusName,
    /// The last generation that was made.
    pub generation: Option<u32>,
    /// The mean loss of the best candidate.
    pub best: Option<f64>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Which evolutions are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvolutionFilter {
    /// Those of this agent only.
    pub agent: Option<AgentName>,
    /// Those that stand here only.
    pub status: Option<StatusName>,
}

impl Table {
    /// The evolution with this id, if the tenant has one.
    pub async fn evolution(
        &self,
        tenant: &TenantId,
        id: &EvolutionId,
    ) -> Result<Option<Evolution>> {
        let row: Option<Text<_>> = self.entity(READ, &keys::evolution(tenant, id)).await?;
        Ok(row.map(|row| row.body))
    }

    /// Writes the next revision of an evolution.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the stored revision is not the one before; nothing was written.
    pub async fn put_evolution(&self, evolution: &Evolution) -> Result<()> {
        let item = encode(evolution)?;
        self.put_revision(WRITE, &item, evolution.revision).await
    }

    /// Writes the next revision of an evolution and the generation that it has come to, whose
    /// checkpoint is stored: both or neither.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the stored revision is not the one before.
    pub async fn put_generation(
        &self,
        evolution: &Evolution,
        generation: &Generation,
    ) -> Result<()> {
        let Generation {
            tenant, progress, ..
        } = generation;
        let row = Text {
            revision: 0,
            body: generation,
        };
        let key = keys::generation(tenant, &generation.evolution, progress.generation);
        let writes = vec![
            revision(evolution)?,
            Write::Put(item::encode(WRITE, &key, &row, None)?, None),
        ];
        self.transact(WRITE, writes).await
    }

    /// Writes the next revision of an evolution, by which its winner is promoted, and the version
    /// that it has become: both or neither.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the stored revision is not the one before, or there is a champion of
    /// that version.
    pub async fn put_promotion(&self, evolution: &Evolution, champion: &Champion) -> Result<()> {
        let key = keys::champion(&champion.tenant, &champion.agent, champion.version);
        let row = Text {
            revision: champion.revision,
            body: champion,
        };
        let writes = vec![
            revision(evolution)?,
            Write::Put(
                item::encode(WRITE, &key, &row, None)?,
                Some(Condition::absent()),
            ),
        ];
        self.transact(WRITE, writes).await
    }

    /// A generation of an evolution, if it was made.
    pub async fn generation(
        &self,
        tenant: &TenantId,
        id: &EvolutionId,
        number: u32,
    ) -> Result<Option<Generation>> {
        const OPERATION: &str = "read a generation";
        let key = keys::generation(tenant, id, number);
        let row: Option<Text<_>> = self.entity(OPERATION, &key).await?;
        Ok(row.map(|row| row.body))
    }

    /// The generations of an evolution, the first one first.
    pub async fn generations(
        &self,
        tenant: &TenantId,
        id: &EvolutionId,
        page: &PageRequest,
    ) -> Result<Page<Generation>> {
        const OPERATION: &str = "list generations";
        let after = page.after.as_deref().map(|after| {
            let number = after.parse::<u32>();
            number.map_err(|_| Error::Cursor {
                operation: OPERATION,
                source: Invalid::new("after", "what the page before ended with"),
            })
        });
        let listing = Listing {
            operation: OPERATION,
            partition: keys::evolution_partition(tenant, id),
            prefix: Some(keys::GENERATION),
            descending: false,
            after: after
                .transpose()?
                .map(|number| keys::generation(tenant, id, number).sk),
            limit: page.limit,
        };
        let number = |row: &Text<Generation>| row.body.progress.generation;
        let page = self.list(listing, number).await?;
        Ok(Page {
            items: page.items.into_iter().map(|row| row.body).collect(),
            next: page.next,
        })
    }

    /// The evolutions that are to be looked after at `now`, the longest due first.
    pub async fn due_evolutions(
        &self,
        now: Timestamp,
        page: &PageRequest,
    ) -> Result<Page<DueEvolution>> {
        const OPERATION: &str = "find due evolutions";
        let after = page.after.as_deref().map(due_start).transpose();
        let query = IndexQuery {
            operation: OPERATION,
            index: Index::Agenda,
            partition: keys::DUE_EVOLUTIONS.to_owned(),
            since: None,
            until: Some(keys::task_due_at(now)),
            filter: None,
            descending: false,
            after: after.map_err(|source| Error::Cursor {
                operation: OPERATION,
                source,
            })?,
            limit: Some(page.limit.clamp(1, MAX_LIMIT) as usize),
        };
        let (items, last) = self.query_index(query).await?;
        let decode = |item: &Item| due(OPERATION, item);
        let next = last.as_ref().map(decode).transpose()?;
        Ok(Page {
            items: items.iter().map(decode).collect::<Result<_>>()?,
            next: next.map(|last| format!("{} {} {}", last.tenant, last.id, last.at)),
        })
    }

    /// A tenant's evolutions, the newest first. What has just changed may be missing, or listed as
    /// it was. A page may have fewer than `limit` items, or none, and yet not be the last.
    pub async fn evolutions(
        &self,
        tenant: &TenantId,
        filter: &EvolutionFilter,
        page: &PageRequest,
    ) -> Result<Page<EvolutionSummary>> {
        let listing = IndexListing {
            operation: LIST,
            partition: keys::evolutions(tenant),
            wanted: filter.wanted(),
            key: |id: &EvolutionId| keys::evolution(tenant, id),
        };
        let page = self.list_index(listing, page).await?;
        Ok(Page {
            items: page.items.iter().map(summary).collect::<Result<_>>()?,
            next: page.next,
        })
    }
}

impl EvolutionFilter {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            agent: self.agent.as_ref().map(AgentName::as_str),
            state: self.status.map(StatusName::as_str),
        }
    }
}

/// The write of an evolution's next revision.
fn revision(evolution: &Evolution) -> Result<Write> {
    let condition = match evolution.revision.checked_sub(1) {
        None => Condition::absent(),
        Some(found) => Condition::revision(found),
    };
    Ok(Write::Put(encode(evolution)?, Some(condition)))
}

fn encode(evolution: &Evolution) -> Result<Item> {
    let row = Text {
        revision: evolution.revision,
        body: evolution,
    };
    let tenant = &evolution.draft.tenant;
    let mut item = item::encode(WRITE, &keys::evolution(tenant, &evolution.id), &row, None)?;
    let state = evolution.status.name();
    let rest = Rest {
        base: evolution.draft.base,
        problem: evolution.draft.problem.clone(),
        generation: evolution.progress.as_ref().map(|found| found.generation),
        best: evolution.progress.as_ref().map(|found| found.best),
        ended_at: state.is_final().then_some(evolution.updated_at),
        ns: evolution.created_at.subsec_nanosecond() % 1_000,
    };
    let rest = serde_json::to_string(&rest).map_err(|e| Error::rejected(WRITE, e))?;
    let at = listed_at(evolution.created_at, &evolution.id);
    let texts = [
        (LISTING, keys::evolutions(tenant)),
        (LISTED_AT, at),
        (AGENT, evolution.draft.agent.to_string()),
        (STATE, state.as_str().to_owned()),
        (SUMMARY, rest),
    ];
    item.extend(texts.map(|(name, text)| (name.to_owned(), item::string(text))));
    if let Some(due_at) = evolution.due_at {
        let at = keys::task_due_at(due_at);
        item.insert(AGENDA.to_owned(), item::string(keys::DUE_EVOLUTIONS));
        item.insert(AGENDA_AT.to_owned(), item::string(at));
    }
    item::checked(WRITE, item)
}

/// What a summary says beyond what it is listed by.
#[derive(Serialize, Deserialize)]
struct Rest {
    base: VersionNumber,
    problem: ProblemName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generation: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    best: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    /// How far after the microsecond it is listed by it was accepted.
    ns: i32,
}

/// The summary that an entry of the index makes up.
fn summary(item: &Item) -> Result<EvolutionSummary> {
    let rest: Rest = item::json(LIST, item, SUMMARY)?;
    let (created_at, id) = created(LIST, item, rest.ns)?;
    Ok(EvolutionSummary {
        id,
        agent: item::parsed(LIST, item, AGENT)?,
        base: rest.base,
        problem: rest.problem,
        status: item::parsed(LIST, item, STATE)?,
        generation: rest.generation,
        best: rest.best,
        created_at,
        ended_at: rest.ended_at,
    })
}

fn due(operation: &'static str, item: &Item) -> Result<DueEvolution> {
    let pk = item::text(operation, item, PK)?;
    let (tenant, id) = keys::parse_evolution(pk)
        .ok_or_else(|| Error::corrupt(operation, format!("{pk} is no evolution")))?;
    let at = item::text(operation, item, AGENDA_AT)?.to_owned();
    Ok(DueEvolution { tenant, id, at })
}

/// All four keys of the item that `<tenant> <evolution> <place>` names.
fn due_start(cursor: &str) -> Result<Item, Invalid> {
    let malformed = || Invalid::new("after", "what the page before ended with");
    let (tenant, rest) = cursor.split_once(' ').ok_or_else(malformed)?;
    let (id, at) = rest.split_once(' ').ok_or_else(malformed)?;
    let mut start = keys::evolution(&tenant.parse()?, &id.parse()?).attributes();
    start.insert(AGENDA.to_owned(), item::string(keys::DUE_EVOLUTIONS));
    start.insert(AGENDA_AT.to_owned(), item::string(at));
    Ok(start)
}
