//! Output functions obey session settings; images must not. While [`Neutral`] lives, values print
//! the way `pg_dump` makes them print: exactly, and readable under any settings.

use crate::pg::owner::NeutralNames;
use crate::pg::printing::ExactPrinting;

/// The session's settings, put back on drop.
pub struct Neutral {
    _printing: ExactPrinting,
    _names: Option<NeutralNames>,
}

impl Neutral {
    /// Sets what [`ExactPrinting`] does. With `names`, also an empty `search_path` and the C locale for
    /// money: that is dearer and few types need it.
    pub fn enter(names: bool) -> Neutral {
        Neutral { _names: names.then(NeutralNames::enter), _printing: ExactPrinting::enter() }
    }
}
