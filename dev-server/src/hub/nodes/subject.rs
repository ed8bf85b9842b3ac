//! Subjects on the bus: free of the bus's special characters, whatever a name holds.

use std::fmt::Write;

use super::NodeId;

/// All nodes subscribe to this one.
pub(super) const ALL: &str = "mr.=.all";

/// One node subscribes to this: for answers, and for messages to channels that its patterns match.
pub(super) fn of_node(node: NodeId) -> String {
    format!("mr.=.node.{node}")
}

/// The nodes with subscribers of a channel subscribe to this.
pub(super) fn of_channel(app: &str, channel: &str) -> String {
    with_tokens(app, "ch", channel)
}

/// The nodes with sockets of a peer subscribe to this.
pub(super) fn of_peer(app: &str, peer: &str) -> String {
    with_tokens(app, "peer", peer)
}

fn with_tokens(app: &str, kind: &str, name: &str) -> String {
    let mut subject = String::with_capacity(8 + app.len() + kind.len() + name.len());
    subject.push_str("mr.");
    push_token(&mut subject, app);
    subject.push('.');
    subject.push_str(kind);
    subject.push('.');
    push_token(&mut subject, name);
    subject
}

/// Letters, digits, `-` and `_` stand for themselves, every other byte is `=` and two hexadecimal digits. No name becomes
/// `=` alone, which is the nodes' own place.
pub(super) fn push_token(subject: &mut String, name: &str) {
    if name.is_empty() {
        subject.push_str("=-");
    }
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            subject.push(char::from(byte));
        } else {
            let _ = write!(subject, "={byte:02X}"); // Writing to a String cannot fail.
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_one_token_whatever_it_holds() {
        assert_eq!(of_channel("local", "rooms/a.b"), "mr.local.ch.rooms=2Fa=2Eb");
        assert_eq!(of_channel("a b", "*.>"), "mr.a=20b.ch.=2A=2E=3E");
        assert_eq!(of_peer("local", "=ä"), "mr.local.peer.=3D=C3=A4");
    }

    #[test]
    fn different_names_are_different_tokens() {
        let names = ["", "=", "=-", "=2D", "-", " ", "=20", "a", "A", "ä", "a.b", "a b", "a/b"];
        let tokens: std::collections::BTreeSet<String> =
            names.iter().map(|name| of_channel("app", name)).collect();
        assert_eq!(tokens.len(), names.len());
    }
}
