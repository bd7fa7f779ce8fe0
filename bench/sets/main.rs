//! What the sets of one shard cost when they are large: memory, rows, time of a start, time of a lookup.
//!
//!     cargo run --locked --profile native --example sets [IDS]
//!
//! Fills three half-days with ids, 50,000,000 in all, in a database in a file, as a shard does: each id is looked up in all half-days, added,
//! and flushed with others. Times are CPU time, on Linux.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    reason = "only developers of Footfall run this program, and it may panic on an error"
)]

#[allow(dead_code, reason = "tests use the rest")]
#[path = "../../tests/support/sqlite.rs"]
mod sqlite;

use footfall::counting::ledger::schema::CREATE_META;
use footfall::counting::ledger::sets::Sets;
use footfall::counting::ledger::sets::instance::Instance;
use footfall::counting::ledger::sets::memory_budget::MemoryBudget;
use footfall::counting::ledger::sets::set_rows;
use footfall::counting::ledger::sets::sizes::Sizes;
use footfall::counting::ledger::sets::stored_set::SetKind;
use footfall::counting::storage::Sql;
use sqlite::Sqlite;

/// Half-days that a shard knows ids of.
const PERIODS: u64 = 3;

/// How many ids come together.
const BATCH: u64 = 64;

/// The ids that are looked up in one measurement.
const LOOKUPS: u64 = 20_000;

/// The CPU time of this thread, which other programs of the machine do not lengthen.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn main() {
    let ids: u64 = std::env::args().nth(1).map_or(50_000_000, |text| text.parse().unwrap());
    let file = std::env::temp_dir().join(format!("footfall-sets-{}.sqlite", std::process::id()));
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF").unwrap();
    let sql = Sqlite::over(connection);
    for statement in [CREATE_META, set_rows::CREATE] {
        sql.write(statement, &[]).unwrap();
    }
    fill(&sql, ids);
    let size = std::fs::metadata(&file).unwrap().len();
    println!("the database has {:.0} MB", size as f64 / 1e6);
    for most in [MemoryBudget::INSTANCE, 0] {
        println!("\nwith a budget of {} MiB", most >> 20);
        measure(&sql, ids, most);
    }
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
}

/// Whether an id is known, asked as a shard does: in all half-days.
fn known(sets: &mut Sets, sql: &Sqlite, id: u64) -> bool {
    let key = sets.key(id);
    (0..PERIODS).any(|period| sets.contains(sql, SetKind::Ids, period, key).unwrap())
}

fn open(sql: &Sqlite, budget: &MemoryBudget) -> Sets {
    Sets::open(sql, &Instance { seed: Some([7; 16]), budget: budget.clone(), sizes: Sizes::default() }).unwrap()
}

fn fill(sql: &Sqlite, ids: u64) {
    let budget = MemoryBudget::new(MemoryBudget::INSTANCE);
    let mut sets = open(sql, &budget);
    let (began, rows) = (cpu_seconds(), sql.rows_written());
    let (mut slowest, mut most_runs, mut most_memory) = (0.0_f64, 0, 0);
    for id in 0..ids {
        assert!(!known(&mut sets, sql, id));
        let key = sets.key(id);
        sets.insert(SetKind::Ids, id * PERIODS / ids, key);
        if (id + 1) % BATCH == 0 {
            let turn = cpu_seconds();
            if sets.waiting() >= Sizes::default().waiting {
                flush(sql, &mut sets, id);
            }
            sets.work(sql).unwrap();
            slowest = slowest.max(cpu_seconds() - turn);
            most_runs = most_runs.max(sets.runs());
            most_memory = most_memory.max(budget.used());
        }
        if (id + 1) % (ids / 10) == 0 {
            println!(
                "{:>10} ids: {:>2} runs, {:.1} MB of memory, {:.5} rows written an id, {:.1} us an id",
                id + 1,
                sets.runs(),
                budget.used() as f64 / 1e6,
                (sql.rows_written() - rows) as f64 / (id + 1) as f64,
                (cpu_seconds() - began) * 1e6 / (id + 1) as f64
            );
        }
    }
    println!("at most {most_runs} runs and {:.1} MB; the slowest turn took {:.0} ms", most_memory as f64 / 1e6, slowest * 1e3);
    flush(sql, &mut sets, ids);
}

fn flush(sql: &Sqlite, sets: &mut Sets, number: u64) {
    let mut work = || {
        sets.drop_rows(sql, 64)?;
        sets.flush(sql, number)
    };
    sql.transaction(&mut work).unwrap();
}

fn measure(sql: &Sqlite, ids: u64, most: usize) {
    let budget = MemoryBudget::new(most);
    let mut sets = None;
    let began = cpu_seconds();
    let heap = allocation_counter::measure(|| {
        sets = Some(open(sql, &budget));
    });
    let mut sets = sets.unwrap();
    println!("a start takes {:.2} ms and {} allocations; {} runs", (cpu_seconds() - began) * 1e3, heap.count_total, sets.runs());
    let heap = allocation_counter::measure(|| {
        for (what, from, step) in [
            ("new ids, right after the start", ids, 1),
            ("new ids, once filters are read", 2 * ids, 1),
            ("known ids", 0, ids / LOOKUPS),
            ("the same known ids", 0, ids / LOOKUPS),
        ] {
            let (began, statements) = (cpu_seconds(), sql.statements());
            let found = (0..LOOKUPS).filter(|n| known(&mut sets, sql, from + n * step)).count();
            println!(
                "{what}: {:.1} us and {:.2} rows read each; {found} of {LOOKUPS} found",
                (cpu_seconds() - began) * 1e6 / LOOKUPS as f64,
                (sql.statements() - statements) as f64 / LOOKUPS as f64,
            );
        }
    });
    println!(
        "{:.1} MB of memory by the budget, {:.1} MB by the allocator",
        budget.used() as f64 / 1e6,
        heap.bytes_current as f64 / 1e6
    );
}
