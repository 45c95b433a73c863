"""The page of the periodic jobs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests.visiting import post
from webapp import clock
from webapp.models import JobRun
from webapp.services import periodic
from webapp.services.periodic import Told

PAGE = "/settings/jobs"
MEANING, RESULT = "Ends messages whose time is over", "Messages ended: %(expired)s"


@pytest.fixture
def job(world) -> str:
    world.do(lambda: periodic.tell([Told("expire_messages", 15, MEANING, RESULT)]))
    return "expire_messages"


def ran(world, **fields) -> None:
    began = clock.now() - timedelta(seconds=5)
    last = {"started_at": began, "finished_at": began + timedelta(milliseconds=87), "counts": {"expired": 4}}
    world.add(JobRun(name="expire_messages", node="db1 4242", **{**last, **fields}))


def test_before_any_process_ran_jobs_it_says_how_to(visit):
    assert "arauto worker" in visit(PAGE).text


def test_a_job_that_never_ran(job, visit):
    text = visit(PAGE).text
    assert MEANING in text
    assert "every 15 seconds" in text
    assert "never" in text
    assert "within 15 seconds" in text


def test_the_last_run(world, job, visit):
    ran(world)
    text = visit(PAGE).text
    assert "Messages ended: 4" in text
    assert "in 87 ms" in text
    assert re.search(r"\d seconds ago by db1 4242", text)
    assert re.search(r"in \d+ seconds Run now", text)


def test_in_the_reader_s_language(world, job, admin_client):
    ran(world)
    post(admin_client, "/preferences", {"language": "pt-BR"})
    shown = admin_client.get(PAGE).text
    assert "Mensagens encerradas: 4" in shown
    assert MEANING not in shown


def test_a_run_that_failed_a_run_that_lasts_and_a_wish(world, job, visit, admin_client):
    ran(world, error="OSError: the disk is full", counts={})
    assert "failed OSError: the disk is full" in visit(PAGE).text
    answer = post(admin_client, f"{PAGE}/{job}/run")
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert world.do(periodic.wanted) == [job]
    assert "asked for" in visit(PAGE).text


def test_a_run_that_lasts(world, job, visit):
    ran(world, finished_at=None, counts={})
    assert "running" in visit(PAGE).text


def test_the_live_part_alone(world, job, admin_client):
    shown = admin_client.get(PAGE, headers={"HX-Request": "true", "HX-Target": "jobs"}).text
    assert "<html" not in shown
    assert MEANING in shown


def test_what_is_no_job(job, admin_client):
    assert post(admin_client, f"{PAGE}/nothing/run").status_code == 404


def test_only_administrators(job, operator_client):
    assert operator_client.get(PAGE).status_code == 403
    assert post(operator_client, f"{PAGE}/{job}/run").status_code == 403
