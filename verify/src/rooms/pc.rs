//! A model of `RTCPeerConnection`: the signalling state machine of the W3C specification with rollback, the order of media
//! sections, transceivers that are re-used, and `negotiationneeded`.

use std::rc::Rc;

use metered_realtime_proto::peer::{ConnectionState, IceState, SdpType, Signalling, TrackId};
use metered_realtime_proto::wire::IceServer;

use super::load::{Description, Line, Media, Sent};

/// A transceiver.
#[derive(Clone, Debug)]
pub(crate) struct Transceiver {
    /// The number of its media section.
    line: Option<usize>,
    media: Media,
    /// What is sent, if anything is.
    pub(crate) sender: Option<(TrackId, Sent)>,
    /// What was agreed on: sending, receiving.
    agreed: (bool, bool),
    /// It was described as sending; `addTrack` does not use it again.
    used: bool,
    /// What the other side sends.
    pub(crate) receives: Option<Sent>,
    /// Its section was made by the other side, so that inbound tracks have the sender's id.
    pub(crate) by_remote: bool,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Pc {
    /// Unique in the session.
    pub(crate) number: u32,
    pub(crate) signalling: Signalling,
    version: u32,
    /// The sections that both sides agreed on, or are about to.
    lines: Vec<Media>,
    /// How many of them are agreed on.
    agreed_lines: usize,
    pub(crate) transceivers: Vec<Transceiver>,
    /// As it was configured last.
    pub(crate) ice_servers: Option<Vec<IceServer>>,
    /// There is a data channel.
    pub(crate) channels: bool,
    /// The local ICE credentials that are in force, and those of an offer that waits.
    pub(crate) ufrag: Option<u32>,
    pub(crate) next_ufrag: Option<u32>,
    /// The other side's connection and ICE credentials that are in force.
    pub(crate) remote: Option<(u32, u32)>,
    remote_offer: Option<Rc<Description>>,
    own_offer: Option<Rc<Description>>,
    /// `negotiationneeded` was fired since it was last stable.
    pub(crate) fired: bool,
    pub(crate) busy: bool,
    /// Candidates of the other side for the credentials in force.
    pub(crate) candidates: u32,
    pub(crate) ice: IceState,
    pub(crate) state: ConnectionState,
    /// Since when it could work, or could not.
    pub(crate) since: u64,
    pub(crate) works: bool,
}

/// What a connection is asked for.
#[derive(Debug)]
pub(crate) enum Operation {
    /// To make a description.
    Local { kind: SdpType, restart: bool },
    /// To apply one; `None`: garbage.
    Remote(Option<Rc<Description>>),
}

/// Why an operation failed: the name of the error.
pub(crate) type Refusal = &'static str;

/// What a description changed.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Transceivers that receive something new.
    pub(crate) tracks: Vec<usize>,
    /// What is no longer received.
    pub(crate) gone: Vec<Sent>,
    /// New own ICE credentials, for which candidates are gathered.
    pub(crate) gathers: Option<u32>,
}

impl Pc {
    pub(crate) fn new(number: u32, ice_servers: Option<Vec<IceServer>>, now: u64) -> Pc {
        Pc {
            number,
            signalling: Signalling::Stable,
            version: 1,
            lines: Vec::new(),
            agreed_lines: 0,
            transceivers: Vec::new(),
            ice_servers,
            channels: false,
            ufrag: None,
            next_ufrag: None,
            remote: None,
            remote_offer: None,
            own_offer: None,
            fired: false,
            busy: false,
            candidates: 0,
            ice: IceState::New,
            state: ConnectionState::New,
            since: now,
            works: false,
        }
    }

    /// `addTrack`: uses a transceiver that never sent anything.
    pub(crate) fn add_track(&mut self, track: TrackId, sent: Sent, media: Media) {
        let free = |it: &&mut Transceiver| it.media == media && it.sender.is_none() && !it.used;
        match self.transceivers.iter_mut().find(free) {
            Some(transceiver) => transceiver.sender = Some((track, sent)),
            None => self.transceivers.push(Transceiver {
                line: None,
                media,
                sender: Some((track, sent)),
                agreed: (false, false),
                used: false,
                receives: None,
                by_remote: false,
            }),
        }
    }

    /// `removeTrack`.
    pub(crate) fn remove_track(&mut self, track: TrackId) {
        for transceiver in &mut self.transceivers {
            transceiver.sender = transceiver.sender.filter(|(own, _)| *own != track);
        }
    }

    /// `replaceTrack`.
    pub(crate) fn replace_track(&mut self, old: TrackId, new: Option<(TrackId, Sent)>) {
        for transceiver in &mut self.transceivers {
            if let Some((own, sent)) = transceiver.sender
                && own == old
            {
                // Descriptions go on naming the track that was added.
                transceiver.sender = new.map(|(track, _)| (track, sent));
            }
        }
    }

    /// Own tracks and the numbers of their sections.
    pub(crate) fn senders(&self) -> Vec<(TrackId, String)> {
        let of = |it: &Transceiver| Some((it.sender?.0, it.line?.to_string()));
        self.transceivers.iter().filter_map(of).collect()
    }

    /// Whether both sides agreed on a section for data channels.
    pub(crate) fn has_agreed_on_channels(&self) -> bool {
        self.lines[..self.agreed_lines].contains(&Media::Channels)
    }

    /// Whether `negotiationneeded` is to be fired.
    pub(crate) fn needs_negotiation(&self) -> bool {
        let channels = self.channels && !self.has_agreed_on_channels();
        let differs = |it: &Transceiver| match it.line {
            None => it.sender.is_some(),
            Some(_) => it.sender.is_some() != it.agreed.0,
        };
        channels || self.transceivers.iter().any(differs)
    }

    /// `setLocalDescription` of an offer.
    pub(crate) fn offer(
        &mut self,
        restart: bool,
        number: u64,
        new_ufrag: u32,
    ) -> Result<(Rc<Description>, Changes), Refusal> {
        if self.signalling == Signalling::HaveRemoteOffer {
            return Err("InvalidStateError");
        }
        for transceiver in self.transceivers.iter_mut().filter(|it| it.line.is_none()) {
            transceiver.line = Some(self.lines.len());
            self.lines.push(transceiver.media);
        }
        if self.channels && !self.lines.contains(&Media::Channels) {
            self.lines.push(Media::Channels);
        }
        let mut changes = Changes::default();
        if self.ufrag.is_none() || restart {
            self.next_ufrag = Some(new_ufrag);
            changes.gathers = Some(new_ufrag);
        }
        let ufrag = self.next_ufrag.or(self.ufrag).unwrap_or(new_ufrag);
        let description = self.describe(SdpType::Offer, number, ufrag, |_| (true, true), None);
        self.signalling = Signalling::HaveLocalOffer;
        self.own_offer = Some(Rc::clone(&description));
        Ok((description, changes))
    }

    /// `setLocalDescription` of an answer.
    pub(crate) fn answer(
        &mut self,
        number: u64,
        new_ufrag: u32,
    ) -> Result<(Rc<Description>, Changes), Refusal> {
        let Some(offer) = self.remote_offer.take() else { return Err("InvalidStateError") };
        let mut changes = Changes::default();
        let restarts = self.remote != Some((offer.pc, offer.ufrag));
        if self.ufrag.is_none() || restarts {
            self.ufrag = Some(new_ufrag);
            changes.gathers = Some(new_ufrag);
        }
        let ufrag = self.ufrag.unwrap_or(new_ufrag);
        let offered = |line: usize| (offer.lines[line].receives, offer.lines[line].sends);
        let description =
            self.describe(SdpType::Answer, number, ufrag, offered, Some(offer.number));
        for transceiver in &mut self.transceivers {
            if let Some(line) = transceiver.line {
                let line = &description.lines[line];
                transceiver.agreed = (line.sends, line.receives);
            }
        }
        self.use_remote(&offer);
        self.agreed_lines = self.lines.len();
        self.signalling = Signalling::Stable;
        self.fired = false;
        Ok((description, changes))
    }

    fn describe(
        &mut self,
        kind: SdpType,
        number: u64,
        ufrag: u32,
        wanted: impl Fn(usize) -> (bool, bool),
        answers: Option<u64>,
    ) -> Rc<Description> {
        self.version += 1;
        for transceiver in &mut self.transceivers {
            transceiver.used |= transceiver.sender.is_some();
        }
        let line = |(at, media): (usize, &Media)| {
            let transceiver = self.transceivers.iter().find(|it| it.line == Some(at));
            let track = transceiver.and_then(|it| it.sender).map(|(_, sent)| sent);
            let (sends, receives) = wanted(at);
            Line { media: *media, sends: sends && track.is_some(), receives, track }
        };
        let lines = self.lines.iter().enumerate().map(line).collect();
        let (pc, version) = (self.number, self.version);
        Rc::new(Description { number, kind, pc, version, ufrag, lines, answers })
    }

    /// `setRemoteDescription`, with its implicit rollback.
    pub(crate) fn apply(&mut self, description: &Rc<Description>) -> Result<Changes, Refusal> {
        match description.kind {
            SdpType::Offer => self.apply_offer(description),
            SdpType::Answer => self.apply_answer(description),
        }
    }

    fn apply_offer(&mut self, offer: &Rc<Description>) -> Result<Changes, Refusal> {
        match self.signalling {
            Signalling::HaveLocalOffer => self.roll_back(),
            Signalling::HaveRemoteOffer => self.forget_sections(),
            Signalling::Stable => {}
        }
        let fits = |(at, media): (usize, &Media)| {
            offer.lines.get(at).is_some_and(|line| line.media == *media)
        };
        if !self.lines[..self.agreed_lines].iter().enumerate().all(fits) {
            return Err("InvalidAccessError");
        }
        for (at, line) in offer.lines.iter().enumerate().skip(self.lines.len()) {
            self.lines.push(line.media);
            if line.media == Media::Channels {
                continue;
            }
            let free = |it: &&mut Transceiver| it.line.is_none() && it.media == line.media;
            match self.transceivers.iter_mut().find(free) {
                Some(transceiver) => transceiver.line = Some(at),
                None => self.transceivers.push(Transceiver {
                    line: Some(at),
                    media: line.media,
                    sender: None,
                    agreed: (false, false),
                    used: false,
                    receives: None,
                    by_remote: true,
                }),
            }
        }
        self.signalling = Signalling::HaveRemoteOffer;
        self.expect_candidates_of(offer);
        self.remote_offer = Some(Rc::clone(offer));
        Ok(self.receive(offer))
    }

    fn apply_answer(&mut self, answer: &Rc<Description>) -> Result<Changes, Refusal> {
        let Some(offer) = self.own_offer.take() else { return Err("InvalidStateError") };
        let media = |lines: &[Line]| lines.iter().map(|line| line.media).collect::<Vec<_>>();
        if media(&offer.lines) != media(&answer.lines) {
            self.own_offer = Some(offer);
            return Err("InvalidAccessError");
        }
        for transceiver in &mut self.transceivers {
            if let Some(line) = transceiver.line.filter(|line| *line < answer.lines.len()) {
                let (own, theirs) = (&offer.lines[line], &answer.lines[line]);
                transceiver.agreed = (own.sends && theirs.receives, theirs.sends);
            }
        }
        self.ufrag = self.next_ufrag.take().or(self.ufrag);
        self.expect_candidates_of(answer);
        self.use_remote(answer);
        self.agreed_lines = self.lines.len();
        self.signalling = Signalling::Stable;
        self.fired = false;
        Ok(self.receive(answer))
    }

    fn use_remote(&mut self, description: &Description) {
        self.remote = Some((description.pc, description.ufrag));
    }

    fn expect_candidates_of(&mut self, description: &Description) {
        if self.remote != Some((description.pc, description.ufrag)) {
            self.candidates = 0;
        }
    }

    /// The number of the local offer that waits.
    pub(crate) fn waiting_offer(&self) -> Option<u64> {
        self.own_offer.as_ref().map(|offer| offer.number)
    }

    /// The other side's ICE credentials for which candidates are taken.
    pub(crate) fn takes_candidates_of(&self) -> Option<u32> {
        let offered = self.remote_offer.as_ref().map(|offer| offer.ufrag);
        offered.or(self.remote.map(|(_, ufrag)| ufrag))
    }

    /// `setRemoteDescription` that fails after its implicit rollback.
    pub(crate) fn fail_after_rollback(&mut self, description: &Description) -> Refusal {
        if description.kind == SdpType::Offer && self.signalling == Signalling::HaveLocalOffer {
            self.roll_back();
        }
        "OperationError"
    }

    fn roll_back(&mut self) {
        self.own_offer = None;
        self.next_ufrag = None;
        self.forget_sections();
        self.signalling = Signalling::Stable;
        self.fired = false;
    }

    /// Forgets the sections that are not agreed on.
    fn forget_sections(&mut self) {
        self.lines.truncate(self.agreed_lines);
        for transceiver in &mut self.transceivers {
            transceiver.line = transceiver.line.filter(|line| *line < self.agreed_lines);
        }
    }

    fn receive(&mut self, description: &Description) -> Changes {
        let mut changes = Changes::default();
        for (at, transceiver) in self.transceivers.iter_mut().enumerate() {
            let line = transceiver.line.and_then(|line| description.lines.get(line));
            let Some(line) = line else { continue };
            let now = line.track.filter(|_| line.sends);
            if let Some(before) = transceiver.receives
                && now.is_none()
            {
                changes.gone.push(before);
            }
            if now.is_some() && transceiver.receives.is_none() {
                changes.tracks.push(at);
            }
            transceiver.receives = now;
        }
        changes
    }

    pub(crate) fn line_of(&self, transceiver: usize) -> Option<String> {
        self.transceivers[transceiver].line.map(|line| line.to_string())
    }

    pub(crate) fn media_of(&self, transceiver: usize) -> Media {
        self.transceivers[transceiver].media
    }
}
