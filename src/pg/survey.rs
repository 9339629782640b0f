//! What would pgauge use here, and why? Everything that `pgauge doctor` tells about servers, as data.

use super::binaries::{Asked, Binaries, Inventory, Surroundings};
use super::embedded::{Account, CacheEntry, CacheState, Place, Preload};
use super::error::ServerError;
use super::install::System;

/// The state of this machine as far as an embedded server goes. Looking changes nothing.
#[derive(Debug, Clone)]
pub struct Survey {
    /// All binaries, usable and not.
    pub inventory: Inventory,
    /// Those that would be used.
    pub chosen: Result<Chosen, ServerError>,
    /// The user that the server would run as.
    pub account: Result<Account, ServerError>,
    /// Where its folder would be.
    pub place: Result<Place, ServerError>,
    /// The operating system.
    pub system: System,
}

/// The binaries that would be used, and what belongs to them.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The binaries.
    pub binaries: Binaries,
    /// Whether a start is quick.
    pub cache: CacheState,
    /// Whether statement statistics can be loaded.
    pub preload: Preload,
}

/// Looks at this machine for what was asked.
pub fn survey(asked: &Asked) -> Survey {
    let inventory = Inventory::take(&Surroundings::here());
    let system = System::here();
    let chosen = inventory.choose(asked, &system).map(|binaries| Chosen {
        cache: CacheEntry::state(CacheEntry::of(&binaries).as_ref()),
        preload: Preload::available(&binaries.bindir),
        binaries,
    });
    let account = Account::of_this_process();
    let place = account
        .as_ref()
        .map_err(Clone::clone)
        .and_then(Place::choose);
    Survey {
        inventory,
        chosen,
        account,
        place,
        system,
    }
}
