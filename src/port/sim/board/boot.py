# The first code of a simulated board: mounts its flash in place of the host's files, then runs boot.py and main.py.
#
# The host runs it with `execfile` in a dictionary of its own, which life.rs fills: FLASH (a file descriptor), SIZE (its
# bytes), FORMAT (whether a flash without a file system may be formatted), ROM (an open file), FILES
# (`;NAME:PLACE+LENGTH` of each in ROM), MAIN (the globals of __main__), RAW (whether main.py is left out), CAUSE (of the
# reset), NAME, BOARD (platform, machine, build, modules that are missing, modules that are frozen), MARK (of raw output and
# of resets, see _sim_sys.py) and TOKEN. It prints TOKEN once the flash is mounted, and a second time when it ends and RAW
# is set. The host sends nothing before the first, so no input ever meets the host's files.
# Ctrl-C is off except while boot.py and main.py run.
import builtins, gc, io, micropython, os, sys, vfs

micropython.kbd_intr(-1)


# Native code, where supported: the host interrupts only bytecode, so never in the middle of a change of the file
# system.
class Flash:
    BLOCK = 4096

    def __init__(self, descriptor, size):
        self.file = open(descriptor, "r+b")
        self.blocks = size // 4096

    @micropython.native
    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.readinto(buffer)

    @micropython.native
    def writeblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.write(buffer)

    @micropython.native
    def ioctl(self, operation, argument):
        if operation == 4:
            return self.blocks
        if operation == 5:
            return 4096
        if operation == 6:
            return 0


# A part of ROM as a file to import from: the source is never held in memory as a whole.
class Source(io.IOBase):
    def __init__(self, start, length):
        self.place = start
        self.left = length

    def readinto(self, buffer):
        count = min(len(buffer), self.left)
        if count:
            ROM.seek(self.place)
            count = ROM.readinto(buffer if count == len(buffer) else memoryview(buffer)[:count])
            self.place += count
            self.left -= count
        return count

    def ioctl(self, request, argument):
        return 0


# The simulator's modules as a file system, mounted for the length of an import.
class Modules:
    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        if ";" + path.lstrip("/") + ":" in FILES:
            return (0x8000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        raise OSError(2)

    def open(self, path, mode):
        start, left = FILES.split(";" + path.lstrip("/") + ":")[1].split(";")[0].split("+")
        return Source(int(start), int(left))


def load(name):
    if name not in sys.modules:
        # One of them may need another.
        first = "/.sim" not in sys.path
        if first:
            vfs.mount(Modules(), "/.sim")
            sys.path.insert(0, "/.sim")
        try:
            module = real_import(name)
            start = getattr(module, "_start", None)
            if start:
                start(load, CAUSE, NAME, end, BOARD)
        finally:
            if first:
                sys.path.remove("/.sim")
                vfs.umount("/.sim")
    return sys.modules[name]


# `import machine` must give the simulated one, and cost nothing until then. It brings the others. Native code adds no
# frame to a traceback.
@micropython.native
def find(name, *rest):
    if name in BOARD[3]:
        if "/.sim" not in sys.path:
            raise ImportError("no module named '" + name + "'")
    elif name in ("machine", "_sim", "_onewire", "network") or name in BOARD[4]:
        if not BOARD[3]:
            builtins.__import__ = real_import
        load("machine")
    return real_import(name, *rest)


def mount():
    flash = Flash(FLASH, SIZE)
    # littlefs allocates caches of four times this size.
    sizes = {"readsize": 64, "progsize": 64}
    try:
        disk = vfs.VfsLfs2(flash, **sizes)
    except OSError:
        if not FORMAT:
            raise
        vfs.VfsLfs2.mkfs(flash, **sizes)
        disk = vfs.VfsLfs2(flash, **sizes)
    vfs.umount("/")
    vfs.mount(disk, "/")
    os.chdir("/")


# The host resets the board; the letter is the cause.
def end(letter):
    sys.stdout.write(MARK + letter + b":")
    while True:
        pass


# The end of a soft reset. A board sweeps its whole heap, and finalisers close open files; here files close once nothing
# refers to them. The host passes on no more output, not even of threads, and waits for the reset.
def close():
    micropython.kbd_intr(-1)
    sys.stdout.write(MARK + b"C:")
    for module in list(sys.modules.values()):
        try:
            module.__dict__.clear()
        except TypeError:
            pass
    MAIN.clear()
    gc.collect()
    # What the stack still holds of earlier calls keeps a file now and then: compiling overwrites it.
    eval("0")
    gc.collect()


def report(error):
    text = io.StringIO()
    sys.print_exception(error, text)
    lines = text.getvalue().split("\n")
    # The second line is this file's own frame.
    print("\n".join(line for n, line in enumerate(lines) if n != 1 or '/fd/' not in line), end="")


# True: it ran without an exception.
def run(name):
    try:
        os.stat(name)
    except OSError:
        return True
    try:
        micropython.kbd_intr(3)
        execfile(name, MAIN)
        micropython.kbd_intr(-1)
        return True
    except SystemExit:
        micropython.kbd_intr(-1)
        # As on a board: a soft reset.
        close()
        end(b"S")
    except BaseException as error:
        micropython.kbd_intr(-1)
        report(error)


real_import = builtins.__import__
load("_sim_sys").install(MARK, BOARD)
del sys.modules["_sim_sys"]
mount()
builtins.__import__ = find
sys.path[:] = ["", ".frozen", "/lib"]
sys.argv[:] = []
sys.atexit(close)
print(TOKEN)
if run("boot.py") and not RAW:
    run("main.py")
if RAW:
    print(TOKEN)
