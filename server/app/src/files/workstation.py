# Runs in a workstation as the seat's own user, so what this user may not do is refused by the system itself.
# list PATH MOST | get PATH LIMIT | put NAME LIMIT QUOTA ; paths are below the home folder, their parts separated by "/".
import json, os, stat, struct, sys

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
home_path = os.path.expanduser("~")


def answer(**what):
    sys.stdout.buffer.write(json.dumps(what).encode() + b"\n")
    sys.stdout.buffer.flush()


def refuse(word):
    answer(error=word)
    sys.exit(0)


def parts_of(path):
    parts = [part for part in path.split("/") if part]
    if any(part in (".", "..") or "\0" in part for part in parts):
        refuse("name")
    return parts


def enter(parts):
    # One folder after the other, none of them through a link, all on the home's own file system.
    here = os.open(home_path, os.O_RDONLY | os.O_DIRECTORY)
    device = os.fstat(here).st_dev
    for part in parts:
        here = os.open(part, FOLDER, dir_fd=here)
        if os.fstat(here).st_dev != device:
            refuse("kind")
    return here, device


def list_folder(path, most):
    here, _ = enter(parts_of(path))
    entries, cut = [], False
    with os.scandir(here) as found:
        for entry in found:
            if len(entries) >= int(most):
                cut = True
                break
            try:
                name = entry.name.encode().decode()
                facts = entry.stat(follow_symlinks=False)
            except (UnicodeError, OSError):
                continue
            kind = "folder" if stat.S_ISDIR(facts.st_mode) else "file" if stat.S_ISREG(facts.st_mode) else "other"
            entries.append({"name": name, "kind": kind, "size": facts.st_size, "changed_ms": int(facts.st_mtime * 1000)})
    answer(entries=entries, cut=cut)


def get(path, limit):
    parts = parts_of(path)
    if not parts:
        refuse("kind")
    here, device = enter(parts[:-1])
    # Without waiting: a pipe without a writer would hold whoever opens it.
    file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=here)
    facts = os.fstat(file)
    if not stat.S_ISREG(facts.st_mode) or facts.st_dev != device:
        refuse("kind")
    if facts.st_size > int(limit):
        refuse("large")
    answer(size=facts.st_size)
    left = facts.st_size
    while left:
        piece = os.read(file, min(left, 1 << 16))
        if not piece:
            sys.exit(1)
        sys.stdout.buffer.write(piece)
        left -= len(piece)


def exactly(count):
    piece = sys.stdin.buffer.read(count)
    return piece if len(piece) == count else None


def used(folder):
    with os.scandir(folder) as found:
        return sum(entry.stat(follow_symlinks=False).st_size for entry in found)


def sweep(folder):
    # What a transfer that was killed left behind.
    for name in os.listdir(folder):
        number = name[1:-5] if name.startswith(".") and name.endswith(".part") else ""
        if number.isdigit() and not os.path.exists(f"/proc/{number}"):
            os.unlink(name, dir_fd=folder)


def numbered(name, number):
    stem, dot, end = name.rpartition(".")
    if number == 1:
        return name
    return f"{stem} ({number}).{end}" if stem and dot else f"{name} ({number})"


def put(name, limit, quota):
    limit, quota = int(limit), int(quota)
    if name != os.path.basename(name) or name in ("", ".", ".."):
        refuse("name")
    here, device = enter([])
    try:
        os.mkdir("uploads", 0o755, dir_fd=here)
    except FileExistsError:
        pass
    folder = os.open("uploads", FOLDER, dir_fd=here)
    if os.fstat(folder).st_dev != device:
        refuse("kind")
    sweep(folder)
    left = quota - used(folder)
    part = f".{os.getpid()}.part"
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=folder)
    size, word = 0, None
    # Pieces with their length before them; a length of nothing is the end. A stream that stops without it was broken off.
    try:
        while True:
            head = exactly(4)
            length = struct.unpack(">I", head)[0] if head else None
            if length == 0:
                break
            piece = exactly(length) if length else None
            if piece is None:
                word = "broken"
                break
            size += len(piece)
            if size > limit:
                word = "large"
            elif size > left:
                word = "full"
            if word:
                break
            view = memoryview(piece)
            while view:
                view = view[os.write(file, view):]
        os.close(file)
        if word is None:
            for number in range(1, 1000):
                final = numbered(name, number)
                try:
                    os.link(part, final, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
                    break
                except FileExistsError:
                    pass
            else:
                word = "name"
    finally:
        os.unlink(part, dir_fd=folder)
    refuse(word) if word else answer(name=final, size=size)


try:
    {"list": list_folder, "get": get, "put": put}[sys.argv[1]](*sys.argv[2:])
except FileNotFoundError:
    refuse("missing")
except NotADirectoryError:
    refuse("kind")
except PermissionError:
    refuse("denied")
except OSError as error:
    # A link where none may be (ELOOP), a socket (ENXIO); the rest is the machine's.
    refuse({40: "kind", 6: "kind", 28: "full", 122: "full", 36: "name"}.get(error.errno, "failed"))
