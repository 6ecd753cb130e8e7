"""The command line: `penstock pull | state | verify | check | detect | get | schema`, also as
`python -m penstock`.

Exit codes:
      0  it worked; for `pull`, every stream did
      1  it failed: network, server, data, storage
      2  the command line or a document is wrong
      3  `pull --state` stopped in good order (--max-duration, Ctrl-C, SIGTERM); calling it again
         goes on
    130  ended by Ctrl-C
    141  the reader of a pipe went away
    143  ended by SIGTERM

`pull --state` that is interrupted goes on where it stood when it is called again.

Results go to stdout; progress and errors, one line each, to stderr.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from ..errors import ConfigError, InvalidArgument, PenstockError
from .arguments import parser
from .output import complain, one_line

OK, FAILED, USAGE, INTERRUPTED, BROKEN_PIPE, TERMINATED = 0, 1, 2, 130, 141, 143


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; `arguments` are those of the process by default."""
    options = parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED
    except (ConfigError, InvalidArgument) as error:
        complain(one_line(error))
        return USAGE
    except PenstockError as error:
        complain(one_line(error))
        return FAILED
    except BrokenPipeError:
        # Nobody reads any more; what the interpreter flushes at exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return USAGE if error.filename in (options.documents or ()) else FAILED


def run() -> NoReturn:
    """The `penstock` command."""
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(main())


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    # An exception, so that files and connections are closed on the way out.
    raise SystemExit(TERMINATED)
