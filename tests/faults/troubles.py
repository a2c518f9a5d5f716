"""The table of faults: what is done to an installation while people answer and messages go out."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random

import psutil
import psycopg
from redis import Redis

from tests.faults.books import Books
from tests.faults.installation import BEATS, WORKERS, Installation
from tests.faults.mail import Trouble
from tests.faults.people import Crowd
from tests.support import processes
from tests.support.ports import wait_until

PAST_ANY_CLAIM = timedelta(minutes=6)
LONGEST = 300.0
"""Seconds that anything may take on a busy machine before we say that it does not happen."""


@dataclass(frozen=True)
class Scene:
    """One round: what is struck, who answers meanwhile, and the chance that picks the moment."""

    installation: Installation
    books: Books
    crowd: Crowd
    chance: Random
    messages: int
    """How many messages are to go out in this round."""

    def moment(self) -> None:
        """Wait for a random moment: some answers saved, or some messages taken, and a few milliseconds."""
        taken, mail = len(self.installation.mail.taken), self.installation.mail
        messages = self.chance.randrange(self.messages)
        conditions = [self.crowd.more(self.chance.randrange(1, 5)), lambda: len(mail.taken) >= taken + messages]
        wait_until(self.chance.choice(conditions), seconds=LONGEST, what="the moment to strike")
        threading.Event().wait(self.chance.uniform(0, 0.05))


Strike = Callable[[Scene], None]


@dataclass(frozen=True)
class Fault:
    """One kind of fault. `script` is told to the mail server before the messages go out; `strike` happens meanwhile.

    `doubt`: an attempt that was under way may end without anybody knowing how.
    """

    name: str
    strike: Strike
    script: Sequence[Trouble] = ()
    doubt: bool = False


def kill(scene: Scene, names: Sequence[str], number: int = 1) -> None:
    """Kill so many of these programs."""
    scene.moment()
    for name in scene.chance.sample(names, number):
        scene.installation.kill(name)


def kill_one_web_process(scene: Scene) -> None:
    """One of the processes of the web server, which starts another."""
    scene.moment()
    psutil.Process(scene.chance.choice(scene.installation.children("web"))).kill()
    wait_until(scene.crowd.more(), seconds=LONGEST, what="answers through the others")


def flush_redis(scene: Scene) -> None:
    scene.moment()
    with Redis.from_url(scene.installation.broker.url) as redis:
        redis.flushall()


def kill_redis(scene: Scene) -> None:
    """It is away for a while, in which answers are saved all the same, and comes back empty."""
    scene.moment()
    scene.installation.broker.kill()
    wait_until(scene.crowd.more(3), seconds=LONGEST, what="answers saved without Redis")


def stop_database(scene: Scene, how: signal.Signals) -> None:
    """It is away until somebody noticed."""
    scene.moment()
    noticed = scene.crowd.cut_off()
    scene.installation.database.stop(how)
    wait_until(noticed, seconds=LONGEST, what="a request that the database's absence cut off")


def kill_backend(scene: Scene) -> None:
    """One of the database's own processes dies at work; the server ends all the others and recovers by itself."""
    scene.moment()
    noticed = scene.crowd.cut_off()
    with psycopg.connect(f"{scene.installation.database.url}/postgres", autocommit=True) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pro-service'"
        pids = [pid for (pid,) in connection.execute(query)]
        psutil.Process(scene.chance.choice(pids)).kill()
    wait_until(noticed, seconds=LONGEST, what="a request that the database's recovery cut off")


def cut_the_power(scene: Scene) -> None:
    """Everything dies at once, but for the mail server, which is somewhere else."""
    scene.moment()
    scene.installation.database.stop(signal.SIGQUIT)
    for child in scene.installation.running.values():
        processes.kill(child)
    scene.installation.broker.kill()


def wait_for_the_script(scene: Scene) -> None:
    """The mail server misbehaves as it was told, to the end."""
    mail = scene.installation.mail
    scene.books.wait_until(lambda: mail.done, what="the mail server's misbehaviour")


def stop_mail(scene: Scene) -> None:
    """Nobody listens where the mail server was, until a message could not be sent."""
    scene.installation.mail.stop()
    scene.books.wait_until(scene.books.refused_for_now, what="a message that found no server")


def freeze_the_sender(scene: Scene) -> None:
    """A worker stands still while it sends, for longer than its claim; another takes over; then it goes on.

    Where it stands still in a transaction, the other may have to wait until the database takes its locks from it.
    """
    wait_for_the_script(scene)
    scene.installation.clock.jump(PAST_ANY_CLAIM)
    books = scene.books
    books.wait_until(lambda: not books.takeable(), what="the other worker taking over")


def jump(scene: Scene, by: timedelta) -> None:
    """Everybody's clock is set."""
    scene.moment()
    scene.installation.clock.jump(by)


def differ(scene: Scene) -> None:
    """The clocks of the two workers differ by more than any claim lasts."""
    minutes = scene.chance.choice([-9, -7, 7, 9])
    scene.installation.clock.jump(timedelta(minutes=minutes), scene.chance.choice(WORKERS))
    scene.moment()


BOTH = partial(kill, number=2)
FAULTS = (
    Fault("a worker killed", partial(kill, names=WORKERS), doubt=True),
    Fault("both workers killed", partial(BOTH, names=WORKERS), doubt=True),
    Fault("a worker killed before its text", wait_for_the_script, [Trouble.STRIKE_BEFORE], doubt=True),
    Fault("a worker killed before its answer", wait_for_the_script, [Trouble.STRIKE_AFTER], doubt=True),
    Fault("a beat killed", partial(kill, names=BEATS)),
    Fault("both beats killed", partial(BOTH, names=BEATS)),
    Fault("the web server killed", partial(kill, names=["web"])),
    Fault("a process of the web server killed", kill_one_web_process),
    Fault("Redis flushed", flush_redis),
    Fault("Redis stopped", kill_redis),
    Fault("the database restarted", partial(stop_database, how=signal.SIGINT), doubt=True),
    Fault("the database crashed", partial(stop_database, how=signal.SIGQUIT), doubt=True),
    Fault("a process of the database killed", kill_backend, doubt=True),
    Fault("the power cut", cut_the_power, doubt=True),
    Fault("mail refused for now", wait_for_the_script, [Trouble.REFUSE_FOR_NOW, Trouble.REFUSE_TEXT_FOR_NOW]),
    Fault("mail refused for good", wait_for_the_script, [Trouble.REFUSE_FOR_GOOD]),
    Fault("mail stalled before the text", wait_for_the_script, [Trouble.STALL_BEFORE]),
    Fault("mail stalled after the text", wait_for_the_script, [Trouble.STALL_AFTER]),
    Fault("mail hung up before the text", wait_for_the_script, [Trouble.DROP_BEFORE]),
    Fault("mail hung up after the text", wait_for_the_script, [Trouble.DROP_UNTAKEN, Trouble.DROP_AFTER]),
    Fault("the mail server away", stop_mail),
    Fault("a worker frozen before its text", freeze_the_sender, [Trouble.STRIKE_BEFORE], doubt=True),
    Fault("a worker frozen before its answer", freeze_the_sender, [Trouble.STRIKE_AFTER]),
    Fault("the clock a day on", partial(jump, by=timedelta(days=1))),
    Fault("the clock an hour back", partial(jump, by=timedelta(hours=-1))),
    Fault("the workers' clocks apart", differ),
)
