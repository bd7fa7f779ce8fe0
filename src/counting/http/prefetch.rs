//! Requests that a browser makes ahead of its reader.

/// Whether the value of `Sec-Purpose` marks a prefetch or a prerender (Fetch, "`Sec-Purpose` header": a structured
/// item whose value is `prefetch`, with `prerender` as a parameter); or one of the names from before it: `Purpose` (Chromium),
/// `X-Purpose: preview` (Safari), `X-Moz: prefetch` (Firefox).
pub fn is_prefetch(sec_purpose: &str) -> bool {
    sec_purpose
        .split([';', ',', ' '])
        .any(|part| ["prefetch", "prerender", "preview"].iter().any(|known| part.trim().eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefetch_and_prerender_are_known() {
        for value in ["prefetch", "prefetch;prerender", "prefetch; anonymous-client-ip", "Prefetch"] {
            assert!(is_prefetch(value), "{value}");
        }
        for value in ["", "navigate", "prefetching"] {
            assert!(!is_prefetch(value), "{value}");
        }
    }
}
