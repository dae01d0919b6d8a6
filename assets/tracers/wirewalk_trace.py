"""wirewalk's tracer for CPython 3.8 to 3.13: tells wirewalk which functions are called in this process.

It is loaded as `sitecustomize`, before everything else. What it says, and when, is the trace protocol (README.md beside this file).
From the top: settings, what is traced, strands, the two hooks, marks, binding, the sender, the start.

Three things hold throughout. The application never waits for wirewalk and never sees an exception of the tracer. What runs
in the application's threads is kept small: it appends tuples to a queue, and a thread of the tracer's own does the rest.
Nothing is told that did not happen.
"""

import sys
import os


def _chain():
    """Runs the sitecustomize that this one stands before, as if it had been found."""
    own = os.path.dirname(os.path.abspath(__file__))
    from importlib.machinery import PathFinder
    others = [path for path in sys.path if os.path.abspath(path or ".") != own]
    spec = PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        from importlib.util import module_from_spec
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


def _trace(address):
    # All that will be needed is imported now: an import by another thread, in the middle of the application's own, could give the
    # application a module that is only half there.
    import _socket
    import _thread
    import ast
    import atexit
    import collections
    import contextvars
    import dis
    import importlib.metadata
    import importlib.util
    import itertools
    import json
    import opcode
    import re
    import threading
    import time
    import weakref
    import zlib

    # ---------------------------------------------------------------- settings

    TOKEN = os.environ.get("WIREWALK_TRACE_TOKEN", "")
    PROJECT = os.path.abspath(os.environ.get("WIREWALK_TRACE_PROJECT") or os.getcwd())
    STARTED_IN = os.getcwd()
    ARGUMENTS = os.environ.get("WIREWALK_TRACE_ARGUMENTS") == "1"
    MOVE = os.environ.get("WIREWALK_TRACE_MOVE") == "1"
    PACKAGES = {
        "flask_socketio", "socketio", "engineio", "simple_websocket", "wsproto", "websockets", "uvicorn",
    }
    PACKAGES.update(name.strip().replace("-", "_") for name in os.environ.get("WIREWALK_TRACE_PACKAGES", "").split(",") if name.strip())

    # So many events wait for the sender; what comes then is left out, and counted.
    MAX_WAITING = 200_000
    PAUSE = 0.04

    # The originals: gevent and eventlet replace them.
    new_thread, sleep, now, thread_id = _thread.start_new_thread, time.sleep, time.monotonic_ns, _thread.get_ident
    raw_socket = _socket.socket
    HAS_MONITORING = hasattr(sys, "monitoring")
    HAS_QUALNAME = sys.version_info >= (3, 11)

    # ---------------------------------------------------------------- what is traced

    # Of web servers only what a request passes through. Module: the functions.
    ENTRY_POINTS = {
        "werkzeug.serving": {
            "run_simple", "make_server", "BaseWSGIServer.__init__", "BaseWSGIServer.serve_forever",
            "WSGIRequestHandler.handle", "WSGIRequestHandler.run_wsgi", "WSGIRequestHandler.make_environ",
            "WSGIRequestHandler.run_wsgi.execute", "WSGIRequestHandler.run_wsgi.start_response", "WSGIRequestHandler.run_wsgi.write",
        },
        "gunicorn.workers.sync": {"SyncWorker.handle_request"},
        "gunicorn.workers.gthread": {"ThreadWorker.handle_request"},
        "gunicorn.workers.base_async": {"AsyncWorker.handle_request"},
        "gevent.pywsgi": {"WSGIHandler.handle_one_response"},
        "eventlet.wsgi": {"HttpProtocol.handle_one_response"},
        "eventlet.websocket": {"WebSocket.wait", "WebSocket.send", "RFC6455WebSocket.wait", "RFC6455WebSocket.send"},
        "geventwebsocket.websocket": {"WebSocket.receive", "WebSocket.send"},
        "flask.app": {"Flask.wsgi_app"},
    }
    # What is called all the time and tells nothing.
    NOISE = re.compile(
        r".*[.:]<(genexpr|listcomp|dictcomp|setcomp)>$"
        r"|.*\.__(repr|str|hash|eq|ne|lt|len|iter|next|aiter|anext|bool|contains|getattr|getitem|setattr|del|set_name|init_subclass)__$"
        r"|wsproto\.(frame_protocol:(Buffer|Opcode|FrameDecoder\.(receive|extension|parse_ext|__init__)"
        r"|FrameProtocol\.(receive_bytes|_parse_more_gen|_make_fin|__init__)|MessageDecoder\.__init__|XorMaskerSimple\.__init__)"
        r"|utilities:(normed_header_dict|get_header)|events:|connection:Connection\.(state|trailing_data)|handshake:\w+\.connection$"
        r"|extensions:\w+\.(_compressible_opcode|enabled|frame_inbound_header|client_\w+|server_\w+)$)"
        r"|(flask_socketio|socketio|engineio|simple_websocket|wsproto|websockets|uvicorn)[\w.]*:.*<lambda>$"
        r"|.*[:.]_?(get_)?logger$|engineio\.(json:|.*get_queue_empty_exception)|socketio\..*:Packet\.data_is_binary$|websockets\.(frames:Frame\.check|streams:|datastructures:|http11:|headers:)"
        r"|uvicorn\.(logging|config|importer|supervisors|middleware|main):?"
        r"|.*:(Client|Server)?Protocol\.(state|close_(code|reason|exc)|debug)$"
    )
    GENERATOR, COROUTINE, ASYNC_GENERATOR, OPTIMIZED = 0x20, 0x80, 0x200, 0x1

    class Function:
        """What is known of a code object that is traced."""

        __slots__ = ("id", "symbol", "file", "line", "top", "kind", "begin", "end", "suspends", "code")

    functions = {}      # by id(code); None where it is not traced
    untraced = []
    folders = {}        # by file name: (top-level module, module) or None
    sources = {}        # by file name: (first line, name) -> (qualified name, line of the definition)
    function_ids = itertools.count(1)

    def place_of(filename):
        """The top-level package and the module of a file, if it is traced; '' is the person's own project."""
        try:
            return folders[filename]
        except KeyError:
            pass
        path = filename if os.path.isabs(filename) else os.path.join(STARTED_IN, filename)
        path = os.path.normpath(path)
        found = None
        parts = path.replace("\\", "/").split("/")
        for marker in ("site-packages", "dist-packages"):
            if marker in parts:
                at = len(parts) - 1 - parts[::-1].index(marker)
                found = module_of(parts[at + 1:])
                break
        else:
            inside = path.startswith(PROJECT + os.sep) and not filename.startswith("<")
            if inside and not path.startswith((sys.prefix + os.sep, sys.base_prefix + os.sep)):
                found = ("", module_of(path[len(PROJECT) + 1:].replace("\\", "/").split("/"))[1], path)
                folders[filename] = found
                return found
        if found is not None:
            top, module = found
            found = (top, module, path) if top in PACKAGES or module in ENTRY_POINTS else None
        folders[filename] = found
        return found

    def module_of(parts):
        last = parts[-1].rsplit(".", 1)[0]
        names = parts[:-1] + ([] if last == "__init__" and len(parts) > 1 else [last])
        return parts[0].rsplit(".py", 1)[0], ".".join(names)

    def definitions(path):
        """The qualified names and lines of all functions of a file."""
        found = sources.get(path)
        if found is not None:
            return found
        found = sources[path] = {}
        try:
            with open(path, "rb") as file:
                tree = ast.parse(file.read())
        except Exception:
            return found

        def visit(node, prefix):
            for child in ast.iter_child_nodes(node):
                if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    first = min([child.lineno] + [decorator.lineno for decorator in child.decorator_list])
                    found[(first, child.name)] = (prefix + child.name, child.lineno)
                    visit(child, prefix + child.name + ".")
                elif isinstance(child, ast.ClassDef):
                    visit(child, prefix + child.name + ".")
                elif isinstance(child, ast.Lambda):
                    found[(child.lineno, "<lambda>")] = (prefix + "<lambda>", child.lineno)
                    visit(child, prefix + "<lambda>.")
                else:
                    visit(child, prefix)

        visit(tree, "")
        return found

    def decide(code):
        """Whether a code object is traced, and what is known of it."""
        if not HAS_MONITORING and code.co_name != "<module>":
            # By its id, which belongs to it as long as it lives.
            functions[id(code)] = None
            untraced.append(code)
        place = place_of(code.co_filename)
        if place is None:
            return None
        top, module, path = place
        flags = code.co_flags
        name = code.co_name
        if name == "<module>":
            if top:
                return None
            qualified = name
        elif not flags & OPTIMIZED:
            return None  # The body of a class.
        elif HAS_QUALNAME:
            qualified = code.co_qualname.replace(".<locals>", "")
        else:
            qualified = definitions(path).get((code.co_firstlineno, name), (name,))[0]
        symbol = module + ":" + qualified
        if NOISE.match(symbol):
            return None
        if top not in PACKAGES and top and qualified not in ENTRY_POINTS.get(module, ()):
            return None
        function = Function()
        function.id = next(function_ids)
        function.symbol, function.file, function.line, function.top, function.code = symbol, path, code.co_firstlineno, top, code
        function.kind = flags & (GENERATOR | COROUTINE | ASYNC_GENERATOR)
        function.begin, function.end = anchors(symbol)
        function.suspends = suspensions(code) if function.kind and not HAS_MONITORING else ()
        if ARGUMENTS and function.begin is None and (not top or symbol in ("flask_socketio:emit", "flask_socketio:send")):
            function.begin = tell_arguments
        functions[id(code)] = function
        return function

    def suspensions(code):
        """Where in its bytes a generator or coroutine may stand when it is suspended."""
        at = set()
        previous = -2
        for instruction in dis.get_instructions(code):
            if instruction.opname == "YIELD_VALUE":
                at.add(instruction.offset)
            elif instruction.opname == "YIELD_FROM":
                # Until 3.10 it is carried out again when it is resumed, so it stands before it.
                at.add(previous)
            previous = instruction.offset
        return at

    # ---------------------------------------------------------------- strands

    events = collections.deque()
    lost = [0]
    call_ids = itertools.count(1)
    strand_ids = itertools.count(1)
    # The innermost call, as it is handed on to tasks and greenlets that are started in it.
    innermost = contextvars.ContextVar("wirewalk", default=None)

    class Strand:
        __slots__ = ("id", "stack", "suspended", "parent")

        def __init__(self, kind, name, parent):
            self.id = next(strand_ids)
            self.stack = []
            self.suspended = {}
            # The call that it was started in, and the strand of that call.
            self.parent = parent
            put(("strand", self.id, kind, name, parent and parent[0]))

    threads = {}                        # by thread id
    tasks = weakref.WeakKeyDictionary() # by task or greenlet
    modules = sys.modules

    def put(event):
        if len(events) < MAX_WAITING:
            events.append(event)
        else:
            lost[0] += 1
        if not sender_runs[0]:
            start_sender()

    def strand():
        """Where the application is."""
        running = modules.get("asyncio")
        if running is not None:
            try:
                loop = running._get_running_loop()
                task = running.current_task(loop) if loop is not None else None
            except Exception:
                task = None
            if task is not None:
                found = tasks.get(task)
                if found is None:
                    name = getattr(task, "get_name", lambda: "task")()
                    coroutine = task.get_coro()
                    name += " (%s)" % getattr(coroutine, "__qualname__", "")
                    found = tasks[task] = Strand("task", name, parent_of(innermost.get(), name))
                return found
        greenlets = modules.get("greenlet")
        if greenlets is not None:
            try:
                current = greenlets.getcurrent()
                if current.parent is not None:
                    found = tasks.get(current)
                    if found is None:
                        target = getattr(current, "_run", None) or getattr(current, "run", None)
                        name = getattr(target, "__name__", type(current).__name__)
                        found = tasks[current] = Strand("greenlet", name, parent_of(spawned.pop(current, None) or innermost.get(), name))
                    return found
            except Exception:
                pass
        ident = thread_id()
        found = threads.get(ident)
        if found is None:
            thread = threading._active.get(ident)
            name = thread.name if thread is not None else "Thread-%d" % ident
            target = getattr(getattr(thread, "_target", None), "__name__", "")
            if target and target not in name:
                name += " (%s)" % target
            found = threads[ident] = Strand("thread", name, parent_of(getattr(thread, "_wirewalk_parent", None), target))
        return found

    # Greenlets that inherit no context, by the call that they were made in.
    spawned = weakref.WeakKeyDictionary()

    def is_spawned(greenlet):
        try:
            at = strand()
            spawned[greenlet] = (at.stack[-1][0], at.id) if at.stack else None
        except Exception:
            pass

    def watch_spawning(of):
        init = of.__init__

        def init_with_parent(self, *arguments, **named):
            is_spawned(self)
            return init(self, *arguments, **named)

        of.__init__ = init_with_parent

    def parent_of(inherited, name):
        # Engine.IO's service task looks after all clients, whoever was the first.
        return None if inherited is None or "_service_task" in name else inherited

    def watch_threads():
        start, run = threading.Thread.start, threading.Thread._bootstrap_inner

        def start_with_parent(self):
            try:
                at = strand()
                self._wirewalk_parent = (at.stack[-1][0], at.id) if at.stack else None
            except Exception:
                pass
            return start(self)

        def forgets(self):
            try:
                threads.pop(thread_id(), None)
            except Exception:
                pass
            try:
                return run(self)
            finally:
                threads.pop(thread_id(), None)

        start_with_parent.__wrapped__ = start
        threading.Thread.start, threading.Thread._bootstrap_inner = start_with_parent, forgets

    # ---------------------------------------------------------------- calls

    def began(function, frame):
        at = strand()
        stack = at.stack
        parent = stack[-1][0] if stack else None
        call = next(call_ids)
        caller, line = None, 0
        back = frame.f_back
        if back is not None:
            known = functions.get(id(back.f_code))
            if known is not None:
                caller, line = known.id, back.f_lineno
        stack.append((call, frame, function))
        put(("call", call, parent, at.id, function, now(), caller, line))
        hand_on(at)
        if function.begin is not None:
            function.begin(call, frame)
        return call

    def ended(function, frame, value, error):
        at = strand()
        stack = at.stack
        for index in range(len(stack) - 1, -1, -1):
            if stack[index][1] is frame:
                call = stack[index][0]
                del stack[index:]
                break
        else:
            return
        if function.end is not None:
            function.end(call, frame, value, error)
        if error is None:
            put(("return", call, now()))
        else:
            put(("raise", call, now(), error))
        hand_on(at)

    def hand_on(at):
        """Tasks and greenlets that are started now inherit which call that was in, and where."""
        if "asyncio" in modules or "greenlet" in modules:
            innermost.set((at.stack[-1][0], at.id) if at.stack else None)

    def suspended(frame):
        """A generator gave a value: what is called now is not called by it. (A coroutine's task stands still with it.)"""
        at = strand()
        if at.stack and at.stack[-1][1] is frame:
            at.suspended[id(frame)] = at.stack.pop()
            hand_on(at)

    def resumed(frame):
        at = strand()
        entry = at.suspended.pop(id(frame), None)
        if entry is not None:
            at.stack.append(entry)
            hand_on(at)

    def guarded(act):
        def safely(*arguments):
            try:
                return act(*arguments)
            except Exception as error:
                problem("a call could not be told: %s: %s" % (type(error).__name__, error))
        return safely

    # ---------------------------------------------------------------- sys.monitoring, from 3.12

    def monitor():
        monitoring = sys.monitoring
        tool = next((tool for tool in (3, 4, 2, 1, 0) if monitoring.get_tool(tool) is None), None)
        if tool is None:
            return problem("all places for tools that watch calls are taken")
        monitoring.use_tool_id(tool, "wirewalk")
        kinds, disable, frame_at = monitoring.events, monitoring.DISABLE, sys._getframe
        missing = object()

        def known(code):
            function = functions.get(id(code), missing)
            return decide(code) if function is missing else function

        def start(code, offset):
            try:
                function = known(code)
                if function is None:
                    return disable
                began(function, frame_at(1))
            except Exception as error:
                problem("a call could not be told: %s: %s" % (type(error).__name__, error))

        def leave(code, offset, value):
            try:
                function = known(code)
                if function is None:
                    return disable
                ended(function, frame_at(1), value, None)
            except Exception as error:
                problem("the end of a call could not be told: %s: %s" % (type(error).__name__, error))

        def unwind(code, offset, error):
            try:
                function = functions.get(id(code))
                if function is not None:
                    ended(function, frame_at(1), None, type(error).__name__)
            except Exception as error:
                problem("the end of a call could not be told: %s: %s" % (type(error).__name__, error))

        def give(code, offset, value):
            function = known(code)
            if function is None or function.kind & COROUTINE:
                return disable
            suspended(frame_at(1))

        def resume(code, offset):
            function = known(code)
            if function is None or function.kind & COROUTINE:
                return disable
            resumed(frame_at(1))

        for kind, callback in (
            (kinds.PY_START, start), (kinds.PY_RETURN, leave), (kinds.PY_UNWIND, unwind),
            (kinds.PY_YIELD, give), (kinds.PY_RESUME, resume),
        ):
            monitoring.register_callback(tool, kind, callback)
        monitoring.set_events(
            tool, kinds.PY_START | kinds.PY_RETURN | kinds.PY_UNWIND | kinds.PY_YIELD | kinds.PY_RESUME)

    # ---------------------------------------------------------------- sys.setprofile, before

    def profile():
        missing = object()
        get = functions.get

        def hook(frame, event, value):
            # First of all what is most frequent: what is not traced.
            function = get(id(frame.f_code), missing)
            if function is None or event not in ("call", "return"):
                return
            try:
                if function is missing:
                    function = decide(frame.f_code)
                    if function is None:
                        return
                if event == "call":
                    if function.kind:
                        at = strand()
                        if id(frame) in at.suspended:
                            return resumed(frame)
                        if function.kind & COROUTINE and any(entry[1] is frame for entry in at.stack):
                            return
                    began(function, frame)
                elif function.kind and frame.f_lasti in function.suspends:
                    if not function.kind & COROUTINE:
                        suspended(frame)
                else:
                    # Here an exception and None look alike; only what no return statement gave is taken for one.
                    error = "exception" if value is None and not returns(frame) else None
                    ended(function, frame, value, error)
            except Exception as error:
                problem("a call could not be told: %s: %s" % (type(error).__name__, error))

        RETURNS = {opcode.opmap[name] for name in ("RETURN_VALUE", "RETURN_CONST") if name in opcode.opmap}
        codes = {}

        def returns(frame):
            code = frame.f_code
            bytes_of = codes.get(id(code))
            if bytes_of is None:
                bytes_of = codes[id(code)] = code.co_code
            at = frame.f_lasti
            return 0 <= at < len(bytes_of) and bytes_of[at] in RETURNS

        threading.setprofile(hook)
        sys.setprofile(hook)

    # ---------------------------------------------------------------- marks

    def mark(call, kind, **detail):
        put(("mark", call, now(), kind, detail))

    def check(payload):
        """Length and CRC-32 of a message, where it is whole."""
        if isinstance(payload, str):
            payload = payload.encode("utf-8", "surrogatepass")
        if isinstance(payload, (bytes, bytearray, memoryview)):
            return {"length": len(payload), "crc32": zlib.crc32(payload)}
        return {}

    def port_of(address):
        return {"port": address[1]} if isinstance(address, (tuple, list)) and len(address) > 1 else {}

    def local(frame, name):
        return frame.f_locals.get(name)

    def waits(call, frame):
        mark(call, "wait")

    def gives_back(call, frame, value, error):
        if error is None and isinstance(value, (str, bytes, bytearray)):
            mark(call, "received", **check(value))
        elif error is not None or local(frame, "timeout") is None:
            mark(call, "closed")

    def sends(name):
        def begin(call, frame):
            mark(call, "sent", **check(local(frame, name)))
        return begin

    def request(call, address, method, target):
        mark(call, "server", **port_of(address))
        mark(call, "request", method=method, target=target)

    def werkzeug_request(call, frame):
        handler = local(frame, "self")
        request(call, handler.client_address, handler.command, handler.path)

    def werkzeug_write(call, frame):
        if local(frame, "status_sent") is None:
            mark(call, "response", status=int(local(frame, "status_set").split(None, 1)[0]))

    def gevent_request(call, frame):
        handler = local(frame, "self")
        request(call, handler.client_address, handler.command, handler.path)

    def eventlet_request(call, frame):
        handler = local(frame, "self")
        request(call, handler.client_address, handler.command, handler.path)

    def gunicorn_request(call, frame):
        req = local(frame, "req")
        address = local(frame, "addr")
        if address is None:
            address = getattr(local(frame, "conn"), "client", None)
        request(call, address, req.method, req.uri)

    def asgi_request(call, frame):
        scope = local(frame, "self").scope
        target = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope.get("query_string", b"").decode("latin-1")
        if query and "?" not in target:
            target += "?" + query
        request(call, scope.get("client"), scope.get("method", "GET"), target)

    def asgi_answer(call, frame):
        message = local(frame, "message")
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "http.response.start":
            mark(call, "response", status=message["status"])
        elif kind == "websocket.accept":
            mark(call, "response", status=101)
        elif kind == "websocket.send":
            text = message.get("text")
            mark(call, "sent", **check(text if text is not None else message.get("bytes")))

    def asgi_message(call, frame, value, error):
        kind = value.get("type") if isinstance(value, dict) else None
        if kind == "websocket.receive":
            text = value.get("text")
            mark(call, "received", **check(text if text is not None else value.get("bytes")))
        elif kind == "websocket.disconnect":
            mark(call, "closed")

    def accepted(call, frame, value, error):
        if error is None:
            mark(call, "response", status=101)

    def reader_waits(call, frame):
        back = frame.f_back
        if back is not None and back.f_code.co_name == "_thread":
            mark(call, "wait")

    def frame_closes(call, frame):
        mark(call, "closed")

    begun = weakref.WeakKeyDictionary()

    def frame_read(call, frame, value, error):
        """wsproto puts messages together from pieces: the last one ends the message."""
        if error is not None:
            return
        decoder = local(frame, "self")
        length, crc = begun.pop(decoder, (0, 0))
        payload = value.payload
        if isinstance(payload, str):
            payload = payload.encode("utf-8", "surrogatepass")
        length, crc = length + len(payload), zlib.crc32(payload, crc)
        if value.message_finished:
            mark(call, "received", length=length, crc32=crc)
        else:
            begun[decoder] = (length, crc)

    def writer_waits(call, frame):
        back = frame.f_back
        if back is not None and back.f_code.co_name == "writer":
            mark(call, "wait")

    tokens = weakref.WeakKeyDictionary()
    token_ids = itertools.count(1)

    # Texts that one task hands to another by returning them, which have an identity but no place for a token.
    handed = collections.OrderedDict()

    def waits_for_another(call, frame):
        at = strand()
        if len(at.stack) == 1 and at.parent is not None:
            # A task of its own, which the one that reads waits for.
            put(("mark", None, now(), "wait", {"strand": at.parent[1]}))
        mark(call, "wait")

    def hands_over(call, frame, value, error):
        at = strand()
        if len(at.stack) == 0 and at.parent is not None and isinstance(value, (str, bytes)):
            token = next(token_ids)
            handed[id(value)] = (token, value)
            while len(handed) > 256:
                handed.popitem(last=False)
            mark(call, "give", token=token)

    def packet_made(call, frame):
        value = local(frame, "encoded_packet")
        if value is not None and id(value) in handed:
            mark(call, "take", token=handed.pop(id(value))[0])

    def packet_given(call, frame):
        packet = local(frame, "pkt")
        token = tokens[packet] = next(token_ids)
        mark(call, "give", token=token)

    def packet_taken(call, frame):
        token = tokens.get(local(frame, "self"))
        if token is not None:
            mark(call, "take", token=token)

    def websockets_port(connection):
        side = getattr(getattr(connection, "protocol", None), "side", None)
        is_client = getattr(connection, "is_client", None)
        if is_client is None:
            is_client = getattr(side, "name", "SERVER") == "CLIENT"
        transport = getattr(connection, "transport", None)
        if transport is not None:
            address = transport.get_extra_info("sockname" if is_client else "peername")
        else:
            address = connection.socket.getsockname() if is_client else connection.socket.getpeername()
        detail = port_of(address)
        if is_client:
            detail["side"] = "client"
        return detail

    def websockets_received(call, frame, value, error):
        where = websockets_port(local(frame, "self"))
        if error is None and isinstance(value, (str, bytes)):
            mark(call, "received", **dict(check(value), **where))
        elif error not in (None, "TimeoutError", "CancelledError"):
            mark(call, "closed", **where)

    def websockets_sent(call, frame):
        mark(call, "sent", **dict(check(local(frame, "message")), **websockets_port(local(frame, "self"))))

    def websockets_shaken(call, frame, value, error):
        connection = local(frame, "self")
        where = websockets_port(connection)
        asked, answered = getattr(connection, "request", None), getattr(connection, "response", None)
        if asked is not None:
            mark(call, "request", method="GET", target=asked.path, **where)
        if answered is not None:
            mark(call, "response", status=answered.status_code, **where)

    def tell_arguments(call, frame):
        code = frame.f_code
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        told = ", ".join("%s=%s" % (name, shortened(frame.f_locals.get(name))) for name in names if name != "self")
        mark(call, "arguments", text=told[:200])

    def shortened(value):
        if isinstance(value, (str, bytes)):
            return repr(value[:80])
        if isinstance(value, (int, float, bool, type(None))):
            return repr(value)
        if isinstance(value, (list, tuple, dict)) and len(value) <= 20:
            return repr(value)[:120]
        return "<%s>" % type(value).__name__

    ANCHORS = {
        "werkzeug.serving:WSGIRequestHandler.run_wsgi": (werkzeug_request, None),
        "werkzeug.serving:WSGIRequestHandler.run_wsgi.write": (werkzeug_write, None),
        "gevent.pywsgi:WSGIHandler.handle_one_response": (gevent_request, None),
        "eventlet.wsgi:HttpProtocol.handle_one_response": (eventlet_request, None),
        "gunicorn.workers.sync:SyncWorker.handle_request": (gunicorn_request, None),
        "gunicorn.workers.gthread:ThreadWorker.handle_request": (gunicorn_request, None),
        "gunicorn.workers.base_async:AsyncWorker.handle_request": (gunicorn_request, None),
        "uvicorn.protocols.http.h11_impl:RequestResponseCycle.run_asgi": (asgi_request, None),
        "uvicorn.protocols.http.httptools_impl:RequestResponseCycle.run_asgi": (asgi_request, None),
        "uvicorn.protocols.http.h11_impl:RequestResponseCycle.send": (asgi_answer, None),
        "uvicorn.protocols.http.httptools_impl:RequestResponseCycle.send": (asgi_answer, None),
        "simple_websocket.ws:Base.receive": (waits, gives_back),
        "simple_websocket.ws:Base.send": (sends("data"), None),
        "simple_websocket.ws:Server.handshake": (None, accepted),
        "wsproto:WSConnection.receive_data": (reader_waits, None),
        "wsproto.frame_protocol:MessageDecoder.process_frame": (None, frame_read),
        "wsproto.frame_protocol:FrameProtocol._process_close": (frame_closes, None),
        "engineio.packet:Packet.__init__": (packet_made, None),
        "engineio.packet:Packet.encode": (packet_taken, None),
    }
    FAMILIES = [
        (re.compile(r"engineio\.async_drivers\.\w+:\w+\.wait$"), (waits, gives_back)),
        (re.compile(r"engineio\.(async_|asyncio_)?socket:\w+\._websocket_handler\.websocket_wait$"), (waits_for_another, hands_over)),
        (re.compile(r"engineio\.async_drivers\.\w+:\w+\.send$"), (sends("message"), None)),
        (re.compile(r"engineio\.(async_|asyncio_)?socket:\w+\.poll$"), (writer_waits, None)),
        (re.compile(r"engineio\.(async_|asyncio_)?socket:\w+\.send$"), (packet_given, None)),
        (re.compile(r"eventlet\.websocket:\w+\.wait$|geventwebsocket\.websocket:\w+\.receive$"), (waits, gives_back)),
        (re.compile(r"(eventlet|geventwebsocket)\.websocket:\w+\.send$"), (sends("message"), None)),
        (re.compile(r"uvicorn\.protocols\.websockets\.\w+:\w+\.run_asgi$"), (asgi_request, None)),
        (re.compile(r"uvicorn\.protocols\.websockets\.\w+:\w+\.(asgi_)?send$"), (asgi_answer, None)),
        (re.compile(r"uvicorn\.protocols\.websockets\.\w+:\w+\.(asgi_)?receive$"), (waits, asgi_message)),
        (re.compile(r"websockets\.(asyncio|sync)\.connection:Connection\.recv$|websockets\.legacy\.protocol:\w+\.recv$"), (waits, websockets_received)),
        (re.compile(r"websockets\.(asyncio|sync)\.connection:Connection\.send$|websockets\.legacy\.protocol:\w+\.send$"), (websockets_sent, None)),
        (re.compile(r"websockets\.(asyncio|sync)\.server:ServerConnection\.handshake$"), (None, websockets_shaken)),
    ]

    def anchors(symbol):
        found = ANCHORS.get(symbol)
        if found is None:
            found = next((both for pattern, both in FAMILIES if pattern.match(symbol)), (None, None))
        return tuple(act and guarded(act) for act in found)

    # ---------------------------------------------------------------- binding

    asked = []
    # Sockets that were moved, and do not listen yet: only then wirewalk is told where to, or it would be there too early.
    listens = {}

    def moved():
        # Children inherit the socket, or bind again: MOVED says what was moved, and where to.
        said = os.environ.get("WIREWALK_TRACE_MOVED", "")
        host, _, rest = said.rpartition("|")
        return (host,) + tuple(int(port) for port in rest.split(":")) if host and ":" in rest else None

    def tell_moved(key):
        line, real, _ = listens.pop(key, (None, None, None))
        if line is not None:
            try:
                line.sendall(json.dumps({"moved": real}).encode() + b"\n")
                line.close()
            except OSError:
                pass

    def tell_those_that_children_listen_on():
        for key, (_, _, since) in list(listens.items()):
            if now() - since > 1_000_000_000:
                tell_moved(key)

    def watch_binding(of):
        """Watches a class of sockets."""
        bind, listen, name_of = of.bind, of.listen, of.getsockname

        def move(self, address):
            """Lets wirewalk have the address, and binds another. Whether that was done."""
            is_tcp = self.family in (_socket.AF_INET, _socket.AF_INET6) and self.type & 0xF == _socket.SOCK_STREAM
            if not is_tcp or not isinstance(address, tuple) or not address[1]:
                return False
            host, port = address[0], address[1]
            before = moved()
            if asked or before is not None and (host, port) != before[:2]:
                return False
            asked.append(address)
            line = connect()
            question = {"trace": 1, "token": TOKEN, "pid": os.getpid(), "bind": {"host": host, "port": port}}
            line.sendall(json.dumps(question).encode() + b"\n")
            if not json.loads(read_line(line)).get("move"):
                line.close()
                return False
            bind(self, ("::1" if self.family == _socket.AF_INET6 else "127.0.0.1", 0))
            real = name_of(self)[1]
            listens[id(self)] = (line, real, now())
            if not sender_runs[0]:
                start_sender()
            os.environ["WIREWALK_TRACE_MOVED"] = "%s|%d:%d" % (host, port, real)
            return True

        def bind_or_move(self, address):
            try:
                if move(self, address):
                    return None
            except Exception:
                pass
            return bind(self, address)

        def listen_and_tell(self, *backlog):
            result = listen(self, *backlog)
            tell_moved(id(self))
            return result

        def name(self):
            found = name_of(self)
            said = moved()
            if said is not None and isinstance(found, tuple) and len(found) > 1 and found[1] == said[2]:
                return (said[0], said[1]) + tuple(found[2:])
            return found

        of.bind, of.listen, of.getsockname = bind_or_move, listen_and_tell, name

    class Watcher:
        """Watches libraries that have sockets and threads of their own, as soon as they are imported."""

        OTHERS = {
            "gevent._socket3": lambda module: MOVE and watch_binding(module.socket),
            "eventlet.greenio.base": lambda module: MOVE and watch_binding(module._original_socket),
            "gevent.greenlet": lambda module: module.Greenlet.add_spawn_callback(is_spawned),
            "eventlet.greenthread": lambda module: watch_spawning(module.GreenThread),
        }

        def find_spec(self, name, path=None, target=None):
            if name not in self.OTHERS:
                return None
            sys.meta_path.remove(self)
            try:
                spec = importlib.util.find_spec(name)
            finally:
                sys.meta_path.insert(0, self)
            if spec is None or not hasattr(spec.loader, "exec_module"):
                return spec
            run = spec.loader.exec_module

            def run_and_watch(module):
                run(module)
                try:
                    self.OTHERS[name](module)
                except Exception as error:
                    problem("%s cannot be watched: %s" % (name, error))

            spec.loader.exec_module = run_and_watch
            return spec

    def read_line(line):
        data = b""
        while not data.endswith(b"\n"):
            more = line.recv(4096)
            if not more:
                break
            data += more
        return data

    def connect():
        host, _, port = address.rpartition(":")
        line = raw_socket(_socket.AF_INET, _socket.SOCK_STREAM)
        line.settimeout(2)
        line.connect((host, int(port)))
        return line

    # ---------------------------------------------------------------- the sender

    sender_runs = [False]
    told = {"functions": set(), "packages": {}, "line": None, "dead": False, "problems": 0}

    def problem(sentence):
        told["problems"] += 1
        if told["problems"] <= 10:
            events.append(("problem", sentence))

    def start_sender():
        sender_runs[0] = True
        try:
            new_thread(send_forever, ())
        except Exception:
            told["dead"] = True

    def send_forever():
        while not told["dead"]:
            try:
                flush()
                tell_those_that_children_listen_on()
            except Exception:
                # wirewalk is gone. The application goes on, and nothing is kept for nobody.
                told["dead"] = True
            sleep(PAUSE)
        while True:
            events.clear()
            sleep(1)

    flushing = _thread.allocate_lock()

    def flush():
        with flushing:
            while events:
                lines = []
                batch = []
                for _ in range(min(len(events), 2000)):
                    entry = events.popleft()
                    written = written_down(entry, lines, batch)
                    if written is not None:
                        batch.append(written)
                if batch:
                    lines.append({"events": batch})
                if lost[0]:
                    count, lost[0] = lost[0], 0
                    lines.append({"lost": count})
                data = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()
                line().sendall(data)

    def line():
        if told["line"] is None:
            told["line"] = connect()
            hello = {
                "trace": 1, "token": TOKEN, "runtime": "CPython" if sys.implementation.name == "cpython" else "PyPy",
                "version": "%d.%d.%d" % sys.version_info[:3], "pid": os.getpid(), "parent": os.getppid(),
                "program": list(getattr(sys, "argv", [])) or [os.path.basename(sys.executable)], "directory": STARTED_IN, "clock": now(),
                "hook": "sys.monitoring" if HAS_MONITORING else "sys.setprofile",
            }
            told["line"].sendall(json.dumps(hello).encode() + b"\n")
        return told["line"]

    def written_down(entry, lines, batch):
        """An event as the protocol has it. What it needs to be defined comes before, in a line of its own."""
        kind = entry[0]
        if kind == "call":
            _, call, parent, at, function, time_of, caller, number = entry
            if function.id not in told["functions"]:
                told["functions"].add(function.id)
                break_off(lines, batch)
                lines.extend(define(function))
            return ["call", call, parent, at, function.id, time_of, caller, number]
        if kind == "strand":
            _, number, what, name, parent = entry
            break_off(lines, batch)
            lines.append({"strand": {"id": number, "kind": what, "name": name, "parent": parent}})
            return None
        if kind == "problem":
            break_off(lines, batch)
            lines.append({"problem": entry[1]})
            return None
        return list(entry)

    def break_off(lines, batch):
        if batch:
            lines.append({"events": list(batch)})
            batch.clear()

    def define(function):
        lines = []
        top = function.top
        if top not in told["packages"]:
            number = told["packages"][top] = len(told["packages"]) + 1
            lines.append({"package": dict(package(top, function.file), id=number)})
        number = definitions(function.file).get((function.line, function.code.co_name), (None, function.line))[1]
        lines.append({"function": {
            "id": function.id, "package": told["packages"][top], "symbol": function.symbol, "file": function.file, "line": number,
        }})
        return lines

    def package(top, file):
        """A package as its own metadata names it."""
        unknown = {"name": top, "version": None, "licence": None, "repository": None, "summary": None, "root": None}
        if not top:
            return dict(unknown, root=PROJECT)
        at = file.replace("\\", "/").find("/" + top)
        unknown["root"] = file[:at] if at >= 0 else None
        try:
            metadata = importlib.metadata
            found = None
            for name in (top.replace("_", "-"), "python-" + top, top):
                try:
                    found = metadata.distribution(name)
                    break
                except metadata.PackageNotFoundError:
                    pass
            if found is None:
                found = next((each for each in metadata.distributions() if top in (each.read_text("top_level.txt") or "").split()), None)
            if found is None:
                return unknown
            said = found.metadata
            licence = said.get("License-Expression")
            if not licence:
                classifiers = [c for c in said.get_all("Classifier") or [] if c.startswith("License :: OSI Approved :: ")]
                licence = said.get("License") if said.get("License") and len(said.get("License")) < 60 else None
                licence = licence or (classifiers[0].rsplit(" :: ", 1)[1] if classifiers else None)
            links = [link.split(",", 1) for link in said.get_all("Project-URL") or [] if "," in link]
            wanted = ("source", "source code", "repository", "github", "code", "homepage", "home")
            links = sorted(((wanted.index(name.strip().lower()), url.strip()) for name, url in links if name.strip().lower() in wanted))
            repository = links[0][1] if links else said.get("Home-page")
            return dict(unknown, name=said["Name"], version=said["Version"], licence=licence, repository=repository, summary=said.get("Summary"))
        except Exception:
            return unknown

    def after_fork():
        events.clear()
        threads.clear()
        told.update(functions=set(), packages={}, line=None, dead=False)
        sender_runs[0] = False

    def at_exit():
        sys.setprofile(None)
        if sender_runs[0] and not told["dead"] and flushing.acquire(True, 0.5):
            flushing.release()
            try:
                flush()
            except Exception:
                pass

    # ---------------------------------------------------------------- the start

    watch_threads()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=after_fork)
    atexit.register(at_exit)
    if MOVE:
        import socket
        watch_binding(socket.socket)
    sys.meta_path.insert(0, Watcher())
    if HAS_MONITORING:
        monitor()
    else:
        profile()


try:
    if os.environ.get("WIREWALK_TRACE"):
        _trace(os.environ["WIREWALK_TRACE"])
except Exception as _error:
    sys.stderr.write("wirewalk: this process cannot be traced: %s: %s\n" % (type(_error).__name__, _error))
_chain()
