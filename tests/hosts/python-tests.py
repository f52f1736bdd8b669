# SPDX-License-Identifier: BSD-3-Clause
"""Claims about libcgo/host/python.h, one function each: python-tests.py NAME"""
import gc
import os
import sys
import sysconfig
import threading

import border

ESHUTDOWN = 108
lock = threading.Lock()


def a_thread_keeps_its_state_between_calls():
    local, made = threading.local(), []

    def call():
        if not hasattr(local, "n"):
            local.n = 0
            with lock:
                made.append(threading.get_ident())
        local.n += 1

    assert border.run("often", 4, 1000, call) == 0
    assert len(made) == 4, made


def what_a_thread_had_is_finalised_at_its_end():
    local, gone = threading.local(), []

    class Thing:
        def __del__(self):
            gone.append(border.here(lambda: gone.append("nested")))

    def call():
        local.thing = Thing()

    assert border.run("often", 1, 1, call) == 0
    assert gone == ["nested", 0], gone


def states_are_destroyed_at_the_end_of_threads():
    before = len(sys._current_frames())
    for _ in range(50):
        assert border.run("often", 4, 2, lambda: None) == 0
    assert len(sys._current_frames()) == before
    # a record is used again
    assert border.run("often", 1, 1, lambda: None) == 0


def two_borders_share_the_state_of_a_thread():
    local, made = threading.local(), []

    def call():
        if not hasattr(local, "n"):
            local.n = 1
            made.append(1)

    assert border.run("two", 3, 100, call) == 0
    assert len(made) == 3, made


def calls_nest_with_the_gil_and_without():
    n = []
    assert border.run("nested", 4, 50, lambda: n.append(1)) == 0
    assert len(n) == 4 * 50 * 3, len(n)


def pygilstate_works_around_calls_and_in_them():
    n = []
    assert border.run("gilstate", 4, 50, lambda: n.append(1)) == 0
    assert len(n) == 4 * 50 * 4, len(n)


def a_thread_may_end_in_a_call():
    n = []
    assert border.run("end_in_call", 4, 1, lambda: n.append(1)) == 0
    assert border.run("often", 4, 1, lambda: n.append(1)) == 0
    assert len(n) == 8, n


def destructors_of_other_keys_may_call():
    n = []
    assert border.run("at_thread_end", 4, 1, lambda: n.append(1)) == 0
    assert len(n) == 16, n


def a_call_after_a_finaliser_s_has_a_state_of_its_own():
    local, n = threading.local(), []

    class Calls:
        def __del__(self):
            n.append(border.here(lambda: None))

    def call():
        local.calls = Calls()

    before = len(sys._current_frames())
    assert border.run("at_thread_end", 2, 1, call) == 0
    assert len(sys._current_frames()) == before  # no state outlives its thread
    assert n == [0] * 8, n


def a_thread_with_the_gil_calls_at_once():
    who = []
    assert border.here(lambda: who.append(threading.current_thread())) == 0
    assert who == [threading.current_thread()]


def a_thread_of_python_s_keeps_its_own_state():
    local, seen = threading.local(), []
    local.x = "main"
    assert border.released(lambda: seen.append(local.x)) == 0

    def other():
        local.x = "other"
        assert border.released(lambda: seen.append(local.x)) == 0
        assert border.here(lambda: seen.append(local.x)) == 0

    t = threading.Thread(target=other)
    t.start()
    t.join()
    assert seen == ["main", "other", "other"], seen


def an_exception_is_reported():
    if not hasattr(sys, "unraisablehook"):
        return  # Python 3.7 has no hook
    seen = []

    def fail():
        raise ValueError("left by fn")

    sys.unraisablehook = lambda u: seen.append(u.exc_type)
    assert border.run("often", 1, 2, fail) == 0
    assert border.here(fail) == 0
    assert border.released(fail) == 0
    assert seen == [ValueError] * 4, seen


def a_pending_exception_stays_pending():
    seen = []

    def call():
        seen.append(sys.exc_info()[0])
        try:
            raise ValueError
        except ValueError:
            pass

    try:
        border.here(call, True)
    except KeyError as e:
        assert e.args == ("pending",)
    else:
        raise AssertionError("lost")
    assert seen == [None], seen


def a_fork_leaves_a_border_that_works():
    n = []
    assert border.run("often", 2, 3, lambda: n.append(1)) == 0
    border.start(2, lambda: None)  # threads that the child does not have
    assert border.released(lambda: None) == 0
    status = None
    pid = os.fork()
    if pid == 0:
        del n[:]
        ok = border.run("often", 4, 10, lambda: n.append(1)) == 0 and len(n) == 40
        ok = ok and border.close(5000) == 0
        os._exit(0 if ok else 1)
    status = os.waitpid(pid, 0)[1]
    assert status == 0, status


def a_fork_in_a_call_is_like_any():
    result = []

    def call():
        pid = os.fork()
        if pid == 0:
            n = []
            ok = border.here(lambda: n.append(1)) == 0
            ok = ok and border.run("often", 2, 10, lambda: n.append(1)) == 0 and len(n) == 21
            os._exit(0 if ok else 1)
        result.append(os.waitpid(pid, 0)[1])

    assert border.run("often", 1, 1, call) == 0
    assert result == [0], result


def a_child_ends_while_its_parent_s_threads_were_calling():
    border.start(3, lambda: None)
    for _ in range(5):
        pid = os.fork()
        if pid == 0:
            border.run("often", 2, 3, lambda: None)
            sys.exit(0)  # ends the interpreter of the child
        assert os.waitpid(pid, 0)[1] == 0


def a_closed_border_answers_eshutdown():
    assert border.run("often", 1, 1, lambda: None) == 0
    border.start(4, lambda: None)
    assert border.close(5000) == 0
    assert border.here(lambda: None) == ESHUTDOWN
    assert border.run("often", 1, 1, lambda: None) != 0
    assert border.open() == 0
    n = []
    assert border.run("often", 2, 2, lambda: n.append(1)) == 0
    assert len(n) == 4


def closing_waits_for_calls_that_are_under_way():
    begun, go, ended = threading.Event(), threading.Event(), []

    def call():
        begun.set()
        go.wait()
        ended.append(1)
        assert border.here(lambda: ended.append(2)) == 0  # is let in

    t = threading.Thread(target=lambda: border.run("often", 1, 1, call))
    t.start()
    begun.wait()
    assert border.close(1) == 110  # ETIMEDOUT
    assert border.released(lambda: None) == ESHUTDOWN
    go.set()
    assert border.close(60000) == 0
    assert ended == [1, 2], ended
    t.join()


def it_works_with_fences_instead_of_membarrier():
    assert border.run("often", 1, 1, lambda: None) == 0
    border.fences()
    a_closed_border_answers_eshutdown()


def the_collector_runs_while_threads_call():
    def call():
        ring = []
        ring.append(ring)

    border.start(3, call)
    for _ in range(20):
        assert border.released(call) == 0
        gc.collect()


def a_border_may_be_closed_by_two_threads_at_once():
    results = []
    for _ in range(20):
        border.start(2, lambda: None)
        closers = [
            threading.Thread(target=lambda: results.append(border.close(5000)))
            for _ in range(2)
        ]
        for t in closers:
            t.start()
        for t in closers:
            t.join()
        assert border.open() == 0
    assert results == [0] * 40, results


def calls_run_at_once_where_there_is_no_gil():
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        return
    assert not sys._is_gil_enabled()
    gc.disable()  # nobody may have to wait for threads that wait for each other
    assert border.run("together", 2, 2, lambda: None) == 0


def end_with_threads_calling():
    """Run many times by the script."""
    border.start(4, lambda: sum(range(20)))
    border.churn(2, lambda: None)
    local = threading.local()

    def call():
        local.x = [1]

    border.run("often", 2, 20, call)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
