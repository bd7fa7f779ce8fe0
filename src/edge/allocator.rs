//! What hands out linear memory: talc, in place of the standard library's dlmalloc. It is 4 KB smaller.

#[global_allocator]
static TALC: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
