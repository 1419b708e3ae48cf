"""The S3 test server: moto, with conditional writes that are one step.

moto answers each request in a thread, and looks whether a condition holds before it writes: of two writers at once both
could be told that they alone moved an object. Real servers let one through; here conditional writes take turns.
"""
import sys
from threading import Lock

from moto import server
from moto.moto_server import werkzeug_app

CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")
writing = Lock()
answer = werkzeug_app.DomainDispatcherApplication.__call__


def answer_in_turn(application, environ, start_response):
    if environ["REQUEST_METHOD"] in ("GET", "HEAD") or not any(name in environ for name in CONDITIONS):
        return answer(application, environ, start_response)
    with writing:
        return answer(application, environ, start_response)


werkzeug_app.DomainDispatcherApplication.__call__ = answer_in_turn
server.main(sys.argv[1:])
