//! Random numbers that a failing run can repeat.

use std::time::{SystemTime, UNIX_EPOCH};

/// The seed in `CONCORD_SEED`, else from the time.
pub fn seed_for_test() -> u64 {
    match std::env::var("CONCORD_SEED") {
        Ok(text) => text.parse().expect("CONCORD_SEED is a number"),
        Err(_) => {
            SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos() as u64
        }
    }
}

/// How much of what is generated: `few`, times `CONCORD_ROUNDS`.
pub fn rounds(few: u64) -> u64 {
    let times = std::env::var("CONCORD_ROUNDS").map_or(1, |text| text.parse().expect("a number"));
    few * times
}

/// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts from `seed_for_test` and prints it: a test that fails shows what it printed.
    pub fn for_test() -> Random {
        let seed = seed_for_test();
        println!("to try this again: CONCORD_SEED={seed}");
        Random(seed)
    }

    /// Starts from a seed.
    pub fn from_seed(seed: u64) -> Random {
        Random(seed)
    }

    /// A generator of its own for another thread.
    pub fn fork(&mut self) -> Random {
        Random(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `bound - 1`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}
