//! Requests that a browser makes before its reader opens the page.

/// Whether the value of a header marks a prefetch or a prerender: `Sec-Purpose` (Fetch: a structured item `prefetch`, with the parameter
/// `prerender`), or the older `Purpose` (Chromium), `X-Purpose: preview` (Safari) and `X-Moz: prefetch` (Firefox).
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
