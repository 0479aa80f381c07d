//! Shows a run on one stream: bars at the foot of a terminal and above them what stays, or plain lines.
//! Owns what is held back while a person is asked.

use jiff::Timestamp;

use crate::{
    engine::Event,
    journal::{Hidden, Line, Record, redact_text},
    text::{Ready, Stream, line, one_line},
};

use super::{
    super::look::{self, DIM, Look},
    frame::frame,
    lines,
    retold::Retold,
    screen::Screen,
    view::{Ended, View},
};

pub struct Show {
    pub view: View,
    look: Look,
    to: Stream,
    secrets: Hidden,
    screen: Option<Screen>,
    retold: Retold,
    /// Events that arrived while a person is asked.
    held: Option<Vec<String>>,
    turn: usize,
}

impl Show {
    /// With `bars` on a terminal, else by lines.
    pub fn new(view: View, look: Look, to: Stream, bars: bool, secrets: Hidden) -> Self {
        let (screen, retold) = (bars.then(Screen::here), Retold::default());
        Self { view, look, to, secrets, screen, retold, held: None, turn: 0 }
    }

    /// Takes records in that were shown before.
    pub fn earlier(&mut self, lines: &[Line]) {
        for line in lines {
            self.fold(line);
        }
        self.view.taken_up();
    }

    fn fold(&mut self, line: &Line) -> Option<(Event, Option<Ended>)> {
        if let Record::Resumed { .. } = line.record {
            self.view.taken_up();
        }
        self.view.t0.get_or_insert(line.time);
        let event = self.retold.event(line)?;
        let ended = self.view.apply(line.time, &event);
        Some((event, ended))
    }

    /// A record, as the run's own terminal showed its event.
    pub fn record(&mut self, line: &Line) {
        if let Some((event, ended)) = self.fold(line) {
            let told = self.told(line.time, &event, ended);
            self.keep(told);
        }
    }

    /// What happened since the last time, the oldest first, drawn at once; without the secrets that
    /// its sender hides.
    pub fn events(&mut self, events: impl IntoIterator<Item = Event>) {
        let mut told = Vec::new();
        for event in events {
            let at = Timestamp::now();
            let ended = self.view.apply(at, &event);
            told.extend(self.told(at, &event, ended));
        }
        self.keep(told);
    }

    /// What stays on the screen of an event.
    fn told(&self, at: Timestamp, event: &Event, ended: Option<Ended>) -> Vec<String> {
        let look = self.look_now();
        if self.screen.is_none() {
            let at = || look.paint(DIM, &format!("{at:.0}"));
            let line = lines::line(event, &look).map(|line| format!("{} {line}", at()));
            return line.into_iter().collect();
        }
        let at = look.paint(DIM, &lines::clock(at));
        let mut kept: Vec<_> = lines::aside(event, &look).into_iter().collect();
        kept.extend(ended.iter().flat_map(|ended| lines::ended(ended, &self.view, &look)));
        kept.iter().map(|line| format!("{at} {line}")).collect()
    }

    /// As wide as the terminal is now.
    fn look_now(&self) -> Look {
        match self.screen.as_ref().and_then(|_| self.to.size()) {
            Some((width, _)) => Look { width, ..self.look },
            None => self.look,
        }
    }

    /// Which steps wait for a person, with the role that answers, if the journal does not record it.
    pub fn asked(&mut self, steps: &[(String, Option<String>)]) {
        self.view.asked(steps);
    }

    /// A message from outside the run.
    pub fn text(&mut self, text: &str) {
        let text = redact_text(text.trim_end().into(), &self.secrets.all());
        let look = self.look_now();
        let wrapped = text.lines().map(|line| match &self.screen {
            Some(_) => look::wrap(line, "", look.width.saturating_sub(1)),
            None => line.to_owned(),
        });
        let wrapped: Vec<_> = wrapped.collect();
        self.keep(wrapped.iter().flat_map(|line| line.lines()).map(str::to_owned).collect());
    }

    fn keep(&mut self, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        // What happened is told in a line, whatever stands in it.
        let lines = lines.iter().map(|line| one_line(line));
        match &mut self.held {
            Some(held) => held.extend(lines),
            None => {
                let lines: Vec<_> = lines.collect();
                self.draw(&lines, true);
            }
        }
    }

    fn draw(&mut self, lines: &[String], with_frame: bool) {
        let Some(screen) = &mut self.screen else {
            let mut text = String::new();
            lines.iter().for_each(|one| line!(text, "{one}"));
            return self.write(&Ready::text(&text));
        };
        let (width, height) = self.to.size().unwrap_or((80, 24));
        let frame = match with_frame {
            true => {
                let size = (width.saturating_sub(1), height);
                frame(&self.view, Timestamp::now(), size, self.turn / 2, &self.look)
            }
            false => Vec::new(),
        };
        let text = screen.draw(lines, &frame, width, height);
        if !text.is_empty() {
            self.write(&text);
        }
    }

    fn write(&self, text: &Ready) {
        // A closed terminal is not the run's concern.
        let _ = self.to.write(text);
    }

    /// Time has passed.
    pub fn tick(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        if self.screen.is_some() && self.held.is_none() {
            self.draw(&[], true);
        }
    }

    /// From now on the terminal is another's, until [`Show::go_on`].
    pub fn hold(&mut self) {
        self.draw(&[], false);
        self.held.get_or_insert_default();
    }

    /// `fresh` where the cursor is at the start of a line.
    pub fn go_on(&mut self, fresh: bool) {
        if let Some(held) = self.held.take() {
            if !fresh {
                self.write(&Ready::text("\n"));
            }
            self.draw(&held, true);
        }
    }

    /// Takes the bars away.
    pub fn end(&mut self) {
        let held = self.held.take().unwrap_or_default();
        self.draw(&held, false);
    }
}
