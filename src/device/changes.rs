//! How the files have changed that a board can import.
//!
//! Pure. Invariant: changes only grow worse, until the board has forgotten its modules.

use crate::board::command::Command;

/// How the files that a board can import have changed over its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileChanges {
    /// Not at all, as far as known.
    #[default]
    None,
    /// A folder was synced, and modules were forgotten if that changed a file.
    Synced,
    /// A folder of this computer was mounted, and its files may have changed at any time.
    Mounted,
}

/// Forgets the modules if `drops` is set; the reply is whether the board can. Needs [`Helper::Forget`](crate::board::Helper::Forget).
pub(super) fn forget(drops: bool) -> Command {
    Command::expression(if drops { "__belay_u(1)" } else { "__belay_u(0)" })
}
