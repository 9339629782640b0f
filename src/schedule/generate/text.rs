//! Texts: random letters and digits, and data that looks real.

use super::error::Problem;
use super::random::Random;
use crate::spec::generator::{Fake as Kind, RandomText, TextLength};
use fake::Fake as _;
use fake::faker::address::en::{CityName, CountryName, PostCode, StreetName};
use fake::faker::company::en::CompanyName;
use fake::faker::internet::en::Username;
use fake::faker::lorem::en::{Paragraph, Sentence, Word};
use fake::faker::name::en::{FirstName, LastName, Name};

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The longest text that is generated: longer ones belong in a file.
const MAX_LENGTH: u32 = 1 << 20;

/// Random letters and digits: nearly incompressible, so that large ones fill pages as real ones would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letters {
    least: u32,
    most: u32,
}

impl Letters {
    pub(super) fn new(spec: &RandomText) -> Result<Letters, Problem> {
        let (least, most) = match spec.length {
            TextLength::Fixed(length) => (length, length),
            TextLength::Between((least, most)) => (least, most),
        };
        if least > most {
            return Err(Problem::new(format!(
                "a text of {least} to {most} characters has no length"
            )));
        }
        if most > MAX_LENGTH {
            return Err(Problem::new(format!(
                "a text of {most} characters is longer than {MAX_LENGTH}"
            )));
        }
        Ok(Letters { least, most })
    }

    pub(super) fn draw(&self, random: &mut Random) -> String {
        let length = self.length(random);
        let mut text = String::with_capacity(length);
        append(&mut text, length, random);
        text
    }

    /// Writes what [`draw`](Self::draw) gives.
    pub(super) fn write(&self, random: &mut Random, out: &mut Vec<u8>) {
        let length = self.length(random);
        out.extend(letters(length, random));
    }

    /// How many different texts of the least length there are, as far as 64 bits count.
    pub(super) fn count(&self) -> u64 {
        62_u64.saturating_pow(self.least)
    }

    /// A text of which the first characters spell `place`, so that different places make different texts.
    pub(super) fn nth(&self, mut place: u64, random: &mut Random) -> String {
        let length = self.length(random);
        let mut text = String::with_capacity(length);
        // 62^11 is beyond 64 bits: further characters can be random again.
        for _ in 0..self.least.min(11) {
            text.push(char::from(ALPHABET[(place % 62) as usize]));
            place /= 62;
        }
        append(&mut text, length, random);
        text
    }

    fn length(&self, random: &mut Random) -> usize {
        let extra = random.below(u64::from(self.most - self.least) + 1);
        self.least as usize + extra as usize
    }
}

/// Appends random characters up to a length, eight from each 64 bits.
fn append(text: &mut String, length: usize, random: &mut Random) {
    let more = length.saturating_sub(text.len());
    text.extend(letters(more, random).map(char::from));
}

/// So many random characters.
fn letters(count: usize, random: &mut Random) -> impl Iterator<Item = u8> {
    let mut bits = 0;
    (0..count).map(move |position| {
        if position % 8 == 0 {
            bits = random.bits();
        }
        let product = u128::from(bits) * 62;
        bits = product as u64;
        ALPHABET[(product >> 64) as usize]
    })
}

/// Data that looks real, in English.
///
/// The words are those of the `fake` crate in the one version that this project allows itself.
pub(super) fn realistic(kind: Kind, random: &mut Random) -> String {
    match kind {
        Kind::Email => email(&Username().fake_with_rng::<String, _>(random), random),
        Kind::Name => Name().fake_with_rng(random),
        Kind::FirstName => FirstName().fake_with_rng(random),
        Kind::LastName => LastName().fake_with_rng(random),
        Kind::UserName => Username().fake_with_rng(random),
        Kind::Phone => phone(random.below(PHONES)),
        Kind::Street => {
            let number = 1 + random.below(200);
            format!(
                "{number} {}",
                StreetName().fake_with_rng::<String, _>(random)
            )
        }
        Kind::City => CityName().fake_with_rng(random),
        Kind::PostalCode => PostCode().fake_with_rng(random),
        Kind::Country => CountryName().fake_with_rng(random),
        Kind::Company => CompanyName().fake_with_rng(random),
        Kind::Word => Word().fake_with_rng(random),
        Kind::Sentence => Sentence(4..12).fake_with_rng(random),
        Kind::Paragraph => Paragraph(3..8).fake_with_rng(random),
    }
}

/// How many different values [`numbered`] has of a kind; `None` where a number would not look real.
pub(super) fn numbered_count(kind: Kind) -> Option<u64> {
    match kind {
        Kind::Email | Kind::UserName => Some(u64::MAX),
        Kind::Phone => Some(PHONES),
        Kind::Name
        | Kind::FirstName
        | Kind::LastName
        | Kind::Street
        | Kind::City
        | Kind::PostalCode
        | Kind::Country
        | Kind::Company
        | Kind::Word
        | Kind::Sentence
        | Kind::Paragraph => None,
    }
}

/// Data that looks real and has a number in it, so that different numbers make different values.
pub(super) fn numbered(kind: Kind, number: u64, random: &mut Random) -> String {
    match kind {
        Kind::Phone => phone(number),
        Kind::Email => {
            let user = Username().fake_with_rng::<String, _>(random);
            email(&format!("{user}.{number}"), random)
        }
        other => format!("{}.{number}", realistic(other, random)),
    }
}

/// An address at a domain that RFC 2606 keeps out of the world.
fn email(user: &str, random: &mut Random) -> String {
    let domain = ["com", "net", "org"][random.below(3) as usize];
    format!("{}@example.{domain}", user.to_lowercase())
}

/// Ten digits after the country code.
const PHONES: u64 = 10_000_000_000;

fn phone(number: u64) -> String {
    let (area, rest) = (number / 10_000_000, number % 10_000_000);
    format!("+1-{area:03}-{:03}-{:04}", rest / 10_000, rest % 10_000)
}
