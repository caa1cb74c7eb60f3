//! The buffer against a plain list, with savepoints, and limits small enough that it spills.

#[pgrx::pg_schema]
mod tests {
    use crate::log::buffer::Buffer;
    use crate::log::context;
    use crate::log::control;
    use crate::log::event::Captured;
    use concord_core::operation::Operation;
    use pgrx::pg_test;

    /// A small generator, so that a failing run can be repeated by its seed (Knuth's MMIX LCG).
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (self.0 >> 33) % bound
        }
    }

    /// A `text` value of some length, told apart by its content.
    fn value(number: u64, length: u64) -> Vec<u8> {
        let size = length as usize + 12;
        let mut bytes = concord_core::jsonb::varlena_header(size).to_ne_bytes().to_vec();
        bytes.extend_from_slice(&number.to_ne_bytes());
        bytes.resize(size, b'x');
        bytes
    }

    fn push(buffer: &mut Buffer, number: u64, length: u64, subtransaction: u32, limit: usize) {
        let context = context::current();
        let (id, image) = (value(number, 3), value(number, length));
        let event = Captured {
            record_id: Some(&id),
            new_values: Some(&image),
            base_version: number.is_multiple_of(2).then_some(number as i64),
            ..control(Operation::Insert, &context)
        };
        buffer.push(&event, subtransaction, limit).expect("push");
    }

    fn contents(buffer: &mut Buffer) -> Vec<(u64, usize, Option<i64>)> {
        let mut found = Vec::new();
        buffer
            .for_each(|event| {
                let image = event.new_values.expect("an image");
                assert_eq!(event.record_id.expect("a record")[4..12], image[4..12]);
                let number = u64::from_ne_bytes(image[4..12].try_into().expect("eight bytes"));
                found.push((number, image.len(), event.base_version));
                Ok(())
            })
            .expect("read");
        found
    }

    fn run(seed: u64) {
        let mut random = Random(seed);
        let limit = [256, 4096, 1 << 30][random.below(3) as usize];
        let mut buffer = Buffer::default();
        let mut expected: Vec<(u64, usize, Option<i64>)> = Vec::new();
        // Open subtransactions with where the list stood when each began.
        let mut open: Vec<(u32, usize)> = vec![(1, 0)];
        let mut last = 1;
        for number in 0..400 {
            match random.below(10) {
                0 => {
                    last += 1;
                    open.push((last, expected.len()));
                }
                1 if open.len() > 1 => {
                    let (ended, start) = open.pop().expect("open");
                    buffer.cut(ended);
                    expected.truncate(start);
                }
                2 if open.len() > 1 => {
                    let (ended, _) = open.pop().expect("open");
                    buffer.merge(ended, open.last().expect("open").0);
                }
                _ => {
                    let length = random.below(300);
                    let current = open.last().expect("open").0;
                    push(&mut buffer, number, length, current, limit);
                    let base = number.is_multiple_of(2).then_some(number as i64);
                    expected.push((number, length as usize + 12, base));
                }
            }
        }
        assert_eq!(contents(&mut buffer), expected, "seed {seed}");
        assert_eq!(buffer.len(), expected.len(), "seed {seed}");
        buffer.clear();
        assert_eq!(buffer.len(), 0);
    }

    #[pg_test]
    fn holds_what_was_pushed_and_not_cut() {
        (1..=60).for_each(run);
    }
}
