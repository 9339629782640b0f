//! A user: begins one transaction after the other, on the connection that it has, shares or makes, and counts how each
//! came out.

use super::{
    arrivals::Next,
    clock::Clock,
    link::{Answer, Dialer, Link},
    pass::{Desk, Ended},
    pool::Place,
    script::Course,
    tally::Counted,
    worker::{Crew, Report},
};
use crate::{
    record::{ServerError, load::Parts},
    schedule::generate::{Random, Stream},
    spec::workload::{AfterError, Connections, Think},
};
use std::{
    rc::Rc,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// How long a user waits after a connection was refused before it asks for the next one.
const AFTER_REFUSAL: Duration = Duration::from_millis(10);

/// One of the users of a load.
pub(super) struct User<D: Dialer> {
    crew: Rc<Crew<D>>,
    number: u32,
    /// What mix and pauses are drawn from.
    random: Random,
    /// Its own connections, one for each kind of session. Boxed: each transaction takes one and puts it back.
    own: Vec<Option<Box<D::Link>>>,
    desk: Desk,
    /// The weights of the mix, each added to those before.
    weights: Vec<f64>,
}

/// A transaction that is to begin.
struct Due {
    /// When it should begin.
    intended: Instant,
    /// When it does.
    begins: Instant,
    counted: Counted,
    /// Whether a rate says when.
    paced: bool,
}

/// A connection in use, and where it goes back to.
enum Held<'a, L> {
    Own(Box<L>),
    Pooled(Place<'a, L>),
    Fresh(L),
}

impl<L> Held<'_, L> {
    fn link(&mut self) -> Option<&mut L> {
        match self {
            Self::Own(link) => Some(link),
            Self::Fresh(link) => Some(link),
            Self::Pooled(place) => place.link.as_mut(),
        }
    }
}

/// Why there is no connection.
enum NoLink {
    /// The server did not grant one.
    Refused(ServerError),
    /// The load is over.
    Over,
}

impl<D: Dialer> User<D> {
    /// A user by its number, from 0.
    pub(super) fn new(crew: Rc<Crew<D>>, number: u32) -> Self {
        let traffic = &crew.traffic;
        let everywhere = traffic.plan.users_before + number + 1;
        let seed = traffic.case.random_seed;
        let mut sum = 0.0;
        let weights = traffic.plan.mix.iter().map(|part| {
            sum += part.weight;
            sum
        });
        Self {
            number,
            random: Stream::of(seed, &["load", "user", &everywhere.to_string()]).at(0),
            own: traffic.kinds.iter().map(|_| None).collect(),
            desk: Desk::new(traffic, everywhere),
            weights: weights.collect(),
            crew,
        }
    }

    /// Its number among the users of this process, from 0.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// Makes the connection that it will need, before anything is measured. One that is refused is asked for again later.
    pub(super) async fn connect_early(&mut self) {
        let Ok(_turn) = self.crew.dialling.acquire().await else {
            return;
        };
        for kind in 0..self.own.len() {
            match self.dial(kind).await {
                Ok(link) => self.own[kind] = Some(Box::new(link)),
                Err(NoLink::Refused(_) | NoLink::Over) => {}
            }
        }
    }

    /// Acts until the load is over.
    pub(super) async fn act(mut self, clock: Clock) {
        // All workers begin at the same moment.
        self.crew.alarm.until(clock.start).await;
        let mut now = clock.start;
        while let Some(due) = self.next(&clock, now).await {
            now = self.transaction(&due).await;
        }
    }

    /// Waits until the next transaction is to begin; none when none is.
    async fn next(&mut self, clock: &Clock, mut now: Instant) -> Option<Due> {
        loop {
            if self.crew.halted() {
                return None;
            }
            let stage = clock.stage(now)?;
            if self.number >= stage.plan.users {
                self.crew.alarm.until(stage.until?).await;
                now = Instant::now();
                continue;
            }
            let next = match self.crew.arrivals.borrow_mut().as_mut() {
                Some(arrivals) => arrivals.next(now),
                None => Next::AsTheyCome,
            };
            let intended = match next {
                Next::At(due) => {
                    self.crew.alarm.until(due).await;
                    due
                }
                Next::AsTheyCome => self.after_thinking(now, clock.end()).await,
                Next::Over => return None,
            };
            let paced = matches!(next, Next::At(_));
            let begins = if paced { Instant::now() } else { intended };
            let counted = match begins < clock.measured_from {
                true => Counted::Warmup,
                false => Counted::Yes,
            };
            // Who waited for its turn until the time was over does not begin any more.
            let in_time = clock.stage(begins).is_some();
            if self.crew.halted() || in_time && counted == Counted::Yes && !self.takes_one() {
                return None;
            }
            if paced && counted == Counted::Yes {
                self.crew.tally.borrow_mut().schedule.offered += 1;
            }
            return in_time.then_some(Due {
                intended,
                begins,
                counted,
                paced,
            });
        }
    }

    /// Pauses as the scenario says, and not beyond the end; gives the moment after.
    async fn after_thinking(&mut self, now: Instant, end: Option<Instant>) -> Instant {
        // One pauses after a transaction, and not before the first.
        let think = self.crew.traffic.plan.think;
        let Some(think) = think.filter(|_| self.desk.iteration > 0) else {
            return now;
        };
        let unit = self.random.unit();
        let pause = match think {
            Think::Fixed(span) => span.0,
            Think::Between(think) => {
                let (least, most) = think.between;
                least.0 + most.0.saturating_sub(least.0).mul_f64(unit)
            }
            Think::Around(think) => think.mean.0.mul_f64(-(1.0 - unit).ln()),
        };
        if self.wants_no_more() {
            return now;
        }
        let until = end.map_or(now + pause, |end| end.min(now + pause));
        self.crew.alarm.until(until).await;
        Instant::now()
    }

    /// Whether one more transaction may be measured, where their number says when the load ends.
    fn takes_one(&self) -> bool {
        if self.crew.traffic.plan.transactions.is_none() {
            return true;
        }
        let take = |left: u64| left.checked_sub(1);
        let left = &self.crew.left;
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
    }

    /// Whether as many have begun as are wanted, where their number says when the load ends.
    fn wants_no_more(&self) -> bool {
        let counts = self.crew.traffic.plan.transactions.is_some();
        counts && self.crew.left.load(Ordering::Relaxed) == 0
    }

    fn draw_script(&mut self) -> usize {
        let mix = &self.crew.traffic.plan.mix;
        let place = match self.weights.last() {
            Some(total) if mix.len() > 1 => {
                let at = self.random.unit() * total;
                self.weights.partition_point(|sum| *sum <= at)
            }
            _ => 0,
        };
        mix.get(place).or(mix.last()).map_or(0, |part| part.client)
    }

    /// One transaction, with all its tries; gives the moment from which on the user can go on.
    async fn transaction(&mut self, due: &Due) -> Instant {
        let script = self.draw_script();
        let lag = due.begins.saturating_duration_since(due.intended);
        let mut parts = Parts {
            lag: nanos(lag),
            ..Parts::default()
        };
        if due.counted == Counted::Yes && due.paced {
            let mut tally = self.crew.tally.borrow_mut();
            tally.schedule.begun += 1;
            tally.schedule.lag.record(lag);
        }
        let crew = Rc::clone(&self.crew);
        let kind = crew.traffic.scripts[script].kind;
        let mut held = match self.held(&crew, kind, due, &mut parts).await {
            Ok(held) => held,
            Err(NoLink::Over) => return Instant::now(),
            Err(NoLink::Refused(error)) => {
                let now = Instant::now();
                if due.counted == Counted::Yes && !crew.halted() {
                    parts.total = nanos(now.saturating_duration_since(due.intended));
                    let mut tally = crew.tally.borrow_mut();
                    tally.no_connection(script, &error);
                    let took = now.saturating_duration_since(due.intended);
                    tally.transaction(script, Err(()), took, &parts);
                    if let Some(mark) = &crew.mark {
                        let at = (now, crew.since_warmup(now).unwrap_or_default());
                        tally.beside(script, Err(()), (due.begins, now), mark);
                        tally.refused_beside(script, None, &error, at, mark);
                    }
                    tally.crowding.felt_until = crew.since_warmup(now);
                    crew.ended(now);
                }
                crew.alarm.after(AFTER_REFUSAL).await;
                return Instant::now();
            }
        };
        let ended = match held.link() {
            Some(link) => self.tries(script, link, due, &mut parts).await,
            None => Ended::over(Instant::now()),
        };
        self.give_back(held, kind, &ended);
        self.count(script, due, &ended, parts);
        ended.free
    }

    /// The script, as often as it may be tried.
    async fn tries(
        &mut self,
        script: usize,
        link: &mut D::Link,
        due: &Due,
        parts: &mut Parts,
    ) -> Ended {
        let crew = Rc::clone(&self.crew);
        let plan = &crew.traffic.scripts[script];
        let mut tried = 1;
        // What it took to have a connection is told apart.
        let mut at = due.begins + Duration::from_nanos(parts.pool_wait + parts.connect);
        self.desk.begin(script);
        loop {
            let mut pass = self.desk.pass(&crew, script, due.counted, parts);
            let ended = pass.go(link, at).await;
            let ended = pass.clean_up(ended, link).await;
            let retry = plan.retry.as_ref();
            let retry = retry.filter(|_| ended.code().is_some_and(|code| plan.retries(code)));
            if ended.is_lost() {
                return ended;
            }
            match retry {
                Some(retry) if tried < retry.tries && !crew.halted() => {
                    tried += 1;
                    at = Instant::now();
                    parts.between_tries += nanos(at.saturating_duration_since(ended.at));
                    if due.counted == Counted::Yes {
                        let mut tally = crew.tally.borrow_mut();
                        tally.clients[script].retries += 1;
                        tally.interval[script].retries += 1;
                    }
                    self.desk.begin_again(script);
                }
                Some(_) => return ended.given_up(),
                None => return ended,
            }
        }
    }

    fn count(&mut self, script: usize, due: &Due, ended: &Ended, mut parts: Parts) {
        let crew = &self.crew;
        // What ends because the load was ended says nothing.
        if crew.halted() && ended.is_lost() {
            return;
        }
        let took = ended.at.saturating_duration_since(due.intended);
        parts.total = nanos(took);
        let mut tally = crew.tally.borrow_mut();
        if due.counted == Counted::Warmup {
            // What began before the measurement and ends in it belongs to neither.
            if !crew.is_warming_up() {
                return;
            }
            let interval = &mut tally.interval[script];
            match ended.is_done() {
                true => interval.latency.record(took),
                false => interval.failed += 1,
            }
            return;
        }
        crew.ended(ended.at);
        let well = ended.is_done().then_some(()).ok_or(());
        tally.transaction(script, well, took, &parts);
        if let Some(mark) = &crew.mark {
            let span = (due.begins, ended.at);
            tally.beside(script, well.map(|()| took), span, mark);
        }
        if due.begins < crew.stage_from.get() {
            tally.crowding.felt_until = crew.since_warmup(ended.at);
        }
        if ended.is_lost() {
            tally.connections.lost += 1;
        }
        tally.clients[script].gave_up += u64::from(ended.has_given_up());
        tally.clients[script].despite_errors += u64::from(ended.is_done() && self.desk.met_error);
        // No try came after it.
        if let Some((step, error)) = self.desk.to_retry.take() {
            tally.unexpected(script, step, &error, Course::Ends);
        }
        let Some(code) = ended.code() else { return };
        tally.fatal(script, code);
        if crew.traffic.plan.on_error == AfterError::End {
            crew.report(Report::End {
                client: crew.traffic.scripts[script].name.clone(),
                code: code.to_owned(),
            });
        }
    }

    // ---- connections ----

    /// A connection for one transaction.
    async fn held<'c>(
        &mut self,
        crew: &'c Crew<D>,
        kind: usize,
        due: &Due,
        parts: &mut Parts,
    ) -> Result<Held<'c, D::Link>, NoLink> {
        match crew.traffic.plan.connections {
            Connections::PerUser => match self.own[kind].take() {
                Some(link) => Ok(Held::Own(link)),
                None => {
                    let link = self.timed_dial(kind, due, parts).await?;
                    Ok(Held::Own(Box::new(link)))
                }
            },
            Connections::PerTransaction => {
                let link = self.timed_dial(kind, due, parts).await?;
                Ok(Held::Fresh(link))
            }
            Connections::Pool(_) => {
                let asked = Instant::now();
                let mut place = crew.pools[kind].place().await.ok_or(NoLink::Over)?;
                if crew.halted() {
                    return Err(NoLink::Over);
                }
                let waited = asked.elapsed();
                parts.pool_wait += nanos(waited);
                if due.counted == Counted::Yes {
                    crew.tally.borrow_mut().waited(waited);
                }
                if place.link.is_none() {
                    place.link = Some(self.timed_dial(kind, due, parts).await?);
                }
                Ok(Held::Pooled(place))
            }
        }
    }

    async fn timed_dial(
        &self,
        kind: usize,
        due: &Due,
        parts: &mut Parts,
    ) -> Result<D::Link, NoLink> {
        let asked = Instant::now();
        let link = self.dial(kind).await;
        let took = asked.elapsed();
        if self.crew.halted() {
            return Err(NoLink::Over);
        }
        parts.connect += nanos(took);
        if due.counted == Counted::Yes && link.is_ok() {
            let mut tally = self.crew.tally.borrow_mut();
            tally.connections.connect.record(took);
            if self.crew.pools.is_empty() {
                tally.waited(took);
            }
        }
        link
    }

    /// A new connection, with the client's `setup` sent on it.
    async fn dial(&self, kind: usize) -> Result<D::Link, NoLink> {
        let mut link = self.crew.dialers[kind]
            .dial()
            .await
            .map_err(NoLink::Refused)?;
        let nothing = super::link::ArgumentBuffer::default();
        let mut answers = Vec::new();
        for statement in &self.crew.traffic.kinds[kind].setup {
            link.push(statement, &nothing);
            link.exchange(&mut answers).await.map_err(NoLink::Refused)?;
            if let Some(error) = answers.drain(..).find_map(Answer::into_error) {
                self.crew.report(Report::SetupFailed {
                    kind,
                    error: Box::new(error),
                });
                return Err(NoLink::Over);
            }
        }
        Ok(link)
    }

    /// Keeps, gives back or closes a connection.
    fn give_back(&mut self, held: Held<'_, D::Link>, kind: usize, ended: &Ended) {
        match held {
            Held::Own(link) if !ended.is_lost() => self.own[kind] = Some(link),
            Held::Pooled(mut place) if ended.is_lost() => place.link = None,
            // Whoever comes next in the pool gets it.
            Held::Pooled(_) => {}
            Held::Own(_) | Held::Fresh(_) => {}
        }
    }
}

pub(super) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
