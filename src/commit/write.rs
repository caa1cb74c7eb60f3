//! Numbers and writes what a transaction captured: its events get consecutive numbers and one HLC.

use crate::clock::functions::random_u64;
use crate::commit::unfolded::Unfolded;
use crate::error::{Error, Result};
use crate::identity::{self, Attached, describe};
use crate::log::captured::{self, Lent, control, now};
use crate::log::writer::{OwnGroup, Writer};
use crate::log::{context, holes, metadata};
use crate::pg::catalog;
use crate::pg::transaction;
use crate::pg::varlena::to_jsonb;
use crate::{ddl, vector, version};
use concord_core::operation::Operation;
use pgrx::pg_sys;

/// Numbers and writes what was captured so far; returns the count of events written by this
/// transaction. 55000 inside a savepoint, whose rollback could not take numbers back.
pub fn flush() -> Result<i64> {
    if transaction::in_savepoint() {
        return Err(Error::wrong_state("concord.flush() cannot run inside a savepoint")
            .detail("The numbers that it assigns could not be returned if the savepoint were rolled back.")
            .hint(
                "Release the savepoint first; a PL/pgSQL block with an EXCEPTION clause is a savepoint, too.",
            ));
    }
    write_captured()?;
    transaction::make_visible();
    Ok(captured::close())
}

/// Numbers and writes the buffer.
#[allow(unsafe_code)]
pub fn write_captured() -> Result<()> {
    let mut buffer = Lent::take();
    if buffer.len() == 0 && !identity::has_announcement() {
        return Ok(());
    }
    // DROP EXTENSION in this transaction took the log along.
    if catalog::log().is_err() {
        buffer.clear();
        return Ok(());
    }
    // SAFETY: the pre-commit callback runs without a snapshot; index insertion may detoast.
    unsafe { pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot()) };
    let node = identity::attach()?;
    // A log that cannot be written costs no numbers.
    let mut writer = Writer::open(node.log)?;
    let predecessor = identity::take_announcement();
    let lead = i64::from(predecessor.is_some());
    let observed = vector::observed(node.node_id)?;
    let size = buffer.len() as i64 + lead;
    captured::note_numbered();
    let issued = identity::issue(node, size)?;
    if issued.holes {
        holes::fill_if_free(node)?;
    }
    let group = OwnGroup {
        node_id: node.node_id,
        first: issued.first,
        size,
        hlc: issued.hlc,
        id_base: random_u64()? >> 1,
        observed: Some(observed),
        wall: now(),
    };
    if let Some(predecessor) = predecessor {
        let text = describe::of_node(Some(predecessor), None);
        let (context, metadata) = (context::current(), to_jsonb(&text)?);
        writer.add(&group, group.first, &control(Operation::Node, &context), Some(&metadata));
    }
    let written = write_events(&mut buffer, &mut writer, &group, lead)?;
    writer.finish();
    buffer.clear();
    captured::note_written(size);
    if written.stale || written.gaps {
        transaction::make_visible();
        note_consequences(&node, &group, &written);
    }
    // SAFETY: pops the snapshot pushed above.
    unsafe { pg_sys::PopActiveSnapshot() };
    Ok(())
}

/// The events among those written that something follows from.
#[derive(Default)]
struct Consequences {
    stale: bool,
    gaps: bool,
}

fn write_events(
    buffer: &mut Lent,
    writer: &mut Writer,
    group: &OwnGroup,
    lead: i64,
) -> Result<Consequences> {
    let mut written = Consequences::default();
    let mut sequence = group.first + lead;
    let unshown = Unfolded::watch()?;
    buffer.for_each(|event| {
        let addition = unshown.addition(event)?;
        let event = &unshown.adapt(event, addition.as_deref());
        written.stale |= event.operation == Operation::Stale;
        written.gaps |= event.operation == Operation::Gap;
        match event.metadata {
            Some(addition) => {
                let merged = metadata::merge(event.context.metadata_text.as_deref(), addition)?;
                writer.add(group, sequence, event, Some(&merged));
            }
            None => writer.add(group, sequence, event, event.context.metadata.as_ref()),
        }
        sequence += 1;
        Ok(())
    })?;
    Ok(written)
}

/// What follows from the events of a group in tables beside the log.
fn note_consequences(node: &Attached, group: &OwnGroup, written: &Consequences) {
    let last = group.first + group.size - 1;
    if written.stale {
        version::conflicts::record(node, group.first, last);
    }
    if written.gaps {
        ddl::windows::record_gaps(node, group.first, last);
    }
}
