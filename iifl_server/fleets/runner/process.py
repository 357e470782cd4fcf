"""The runner process: one thread per run that it holds a lease on."""

import logging
import threading
from collections.abc import Callable

from django.db import DatabaseError, close_old_connections, connections
from redis.exceptions import RedisError

from iifl_server.errors import LeaseLostError
from iifl_server.fleets.models import Run
from iifl_server.fleets.runner import lease
from iifl_server.fleets.runner.asking import Ask, ask_inference
from iifl_server.fleets.runner.driver import Driver, EndedError
from iifl_server.fleets.runner.session import open_session

logger = logging.getLogger(__name__)

LOOK_S = 0.3
RETRY_S = 1.0
MOST_RUNS = 16


def run_forever(leaving: threading.Event) -> None:
    """Claim runs and drive them until told to leave; each then stands in its last snapshot."""
    owner = lease.owner_name()
    threads: list[threading.Thread] = []
    while not leaving.is_set():
        threads = [thread for thread in threads if thread.is_alive()]
        try:
            close_old_connections()
            run = lease.claim_run(owner) if len(threads) < MOST_RUNS else None
        except DatabaseError:
            logger.exception("the database does not answer; trying again")
            run = None
        if run is None:
            leaving.wait(LOOK_S)
            continue
        logger.info("driving %s from step %s, epoch %s", run, run.step, run.runner_epoch)
        thread = threading.Thread(target=drive, args=(run, leaving), name=f"run-{run.pk}")
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join()


def drive(run: Run, leaving: threading.Event, ask: Ask = ask_inference) -> None:
    """Drive one run until it ends, another runner has it, or this process leaves."""
    driver: Driver | None = None
    try:
        driver = _patiently(leaving, lambda: Driver(open_session(run), ask=ask, leaving=leaving.is_set))
        while driver is not None and not leaving.is_set():
            try:
                driver.tick()
            except RedisError as error:
                # Robots stand still meanwhile; the state in memory is that of the last committed step.
                logger.warning("run %s: the broker does not answer (%s)", run.pk, error)
                leaving.wait(RETRY_S)
    except EndedError as error:
        logger.info("%s", error)
    except LeaseLostError as error:
        logger.warning("%s", error)
    except Exception:
        # Whatever it was, the run goes on from its last snapshot, here or in another runner.
        logger.exception("run %s: the runner failed", run.pk)
        leaving.wait(RETRY_S)
    finally:
        if driver is not None:
            driver.session.floor.close()
        try:
            lease.release(run.pk, run.runner_epoch)
        except DatabaseError:
            logger.exception("run %s: the lease could not be released and will expire", run.pk)
        connections.close_all()


def _patiently(leaving: threading.Event, make: Callable[[], Driver]) -> Driver | None:
    while not leaving.is_set():
        try:
            return make()
        except RedisError as error:
            logger.warning("the broker does not answer (%s); trying again", error)
            leaving.wait(RETRY_S)
    return None
