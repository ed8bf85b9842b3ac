//! What a verified credential allows. Whoever drives the hub has checked the credential; the hub trusts the grant.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pattern::Scope;

/// Something that a key or token may permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Publish to channels.
    Publish,
    /// Subscribe to channels.
    Subscribe,
    /// See who else is in a channel.
    Presence,
    /// Send to a peer directly.
    Send,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 4] =
        [Action::Publish, Action::Subscribe, Action::Presence, Action::Send];

    /// The action's name in configurations and tokens.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Publish => "publish",
            Action::Subscribe => "subscribe",
            Action::Presence => "presence",
            Action::Send => "send",
        }
    }

    /// The action with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

/// A set of actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actions(u8);

impl Actions {
    /// No action.
    pub const NONE: Actions = Actions(0);
    /// Every action.
    pub const ALL: Actions = Actions(0b1111);

    /// The set with one more action.
    #[must_use]
    pub const fn with(self, action: Action) -> Actions {
        Actions(self.0 | 1 << action as u8)
    }

    /// Whether the set has every action of another one.
    #[must_use]
    pub const fn contains(self, other: Actions) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the set has an action.
    #[must_use]
    pub const fn allows(self, action: Action) -> bool {
        self.0 & 1 << action as u8 != 0
    }
}

impl FromIterator<Action> for Actions {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Actions {
        actions.into_iter().fold(Actions::NONE, Actions::with)
    }
}

/// Who a connection is and what it may do.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The app; apps never see each other.
    pub app: Arc<str>,
    /// The peer id, stamped on everything that the connection sends.
    pub peer: Arc<str>,
    /// What it may do.
    pub actions: Actions,
    /// The channels where it may do it.
    pub scope: Scope,
    /// When the token expires, in Unix seconds.
    pub expires_at: Option<u64>,
    /// The JSON object that the welcome carries.
    pub metadata: Option<Arc<str>>,
    /// The JSON object that other peers see.
    pub peer_metadata: Option<Arc<str>>,
    /// Whether the account is suspended: the connection is closed with 4012.
    pub suspended: bool,
}
