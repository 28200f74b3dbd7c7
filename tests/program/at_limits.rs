//! Runs the tests that mostly wait for time limits in parallel within one test, which leaves the suite's few threads to
//! the others. The module name sorts first, so that it starts first.

use crate::{interrupts, killed, python_files, stations, stubborn, terminal, typed};

/// Functions with their names.
macro_rules! named {
    ($($case:path),* $(,)?) => {
        &[$((stringify!($case), $case)),*]
    };
}

const WAITING: &[(&str, fn())] = named![
    killed::what_is_no_board_is_given_up,
    terminal::a_reset_leaves_a_program_that_never_ends_to_itself,
    terminal::a_conversation_ends_with_the_run_s_time_a_signal_or_the_board,
    terminal::a_pipe_is_typed_and_its_end_is_waited_for,
    stations::select_writes_an_entry_and_keeps_the_rest,
    interrupts::a_run_over_its_timeout_stops_the_board,
    interrupts::a_run_over_its_timeout_cannot_be_caught,
    interrupts::a_run_over_its_timeout_stops_the_script,
    python_files::a_program_over_its_time_is_stopped,
    stubborn::a_call_that_catches_ctrl_c_ends_in_time_and_the_next_one_runs,
    stubborn::a_main_py_that_catches_ctrl_c_is_stopped,
    typed::the_end_of_a_pipe_ends_input,
    typed::a_long_pipe_arrives_whole,
    typed::unread_input_is_not_executed,
];

#[test]
fn time_limits_end_hung_operations() {
    std::thread::scope(|scope| {
        for (name, case) in WAITING {
            // A failure is reported with the thread's name, and fails this test.
            std::thread::Builder::new().name((*name).to_owned()).spawn_scoped(scope, case).expect("a thread");
        }
    });
}
