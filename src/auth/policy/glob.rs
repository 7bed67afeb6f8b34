//! `*` and `?` in policies. Linear in memory and at worst quadratic in the lengths, which documents and names bound.

/// Whether `pattern` matches the whole of `text`: `*` any run of bytes, `?` any one byte.
pub fn matches(pattern: &str, text: &str) -> bool {
    run(pattern.as_bytes(), text.as_bytes(), |a, b| a == b)
}

/// The same without regard to ASCII case, as actions are compared.
pub fn matches_fold(pattern: &str, text: &str) -> bool {
    run(pattern.as_bytes(), text.as_bytes(), |a, b| {
        a.eq_ignore_ascii_case(&b)
    })
}

/// Greedy with one point of return: when a literal fails, the last `*` swallows one byte more.
fn run(pattern: &[u8], text: &[u8], same: impl Fn(u8, u8) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&want) if want == b'?' || same(want, byte) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|b| *b == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CASES: &[(&str, &str, bool)] = &[
        ("", "", true),
        ("", "a", false),
        ("*", "", true),
        ("*", "anything/at:all", true),
        ("a*", "a", true),
        ("a*c", "abcbc", true),
        ("a*c", "abcb", false),
        ("?", "", false),
        ("?", "x", true),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("*a*b*", "xxaxxbxx", true),
        ("*a*b*", "xxbxxaxx", false),
        ("A", "a", false),
        ("**", "x", true),
        ("*?", "", false),
    ];

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in CASES {
            assert_eq!(matches(pattern, text), *expected, "{pattern} {text}");
        }
        assert!(matches_fold("OSS:get*", "oss:GetObject"));
    }

    /// The obvious recursive definition.
    fn model(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => {
                model(rest, text) || text.split_first().is_some_and(|(_, t)| model(pattern, t))
            }
            (Some((p, rest)), Some((t, tail))) => (*p == b'?' || p == t) && model(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            prop_assert_eq!(matches(&pattern, &text), model(pattern.as_bytes(), text.as_bytes()));
        }
    }

    /// A hostile pattern costs a product of lengths, not an exponent.
    #[test]
    fn many_stars_stay_cheap() {
        let pattern = "*a".repeat(2000) + "b";
        assert!(!matches(&pattern, &"a".repeat(1023)));
    }
}
