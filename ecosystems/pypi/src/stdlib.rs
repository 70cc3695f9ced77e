//! Module names of the Python standard library, of every Python 2 and 3.
//!
//! A project of such a name would shadow, or be mistaken for, what comes with the interpreter. The
//! Python index refuses them for new projects, so this registry does too.

/// In canonical form (lower case, dashes), sorted.
const STDLIB_MODULES: &[&str] = &[
    "abc", "aifc", "annotationlib", "antigravity", "anydbm", "argparse", "array", "ast", "asynchat",
    "asyncio", "asyncore", "atexit", "audiodev", "audioop", "base64", "basehttpserver", "bastion",
    "bdb", "binascii", "binhex", "bisect", "bsddb", "buildtools", "builtins", "bz2", "calendar",
    "canvas", "cgi", "cgihttpserver", "cgitb", "chunk", "cmath", "cmd", "code", "codecs", "codeop",
    "collections", "colorsys", "commands", "compileall", "compiler", "compression", "concurrent",
    "configparser", "contextlib", "contextvars", "cookie", "cookielib", "copy", "copy-reg",
    "copyreg", "cpickle", "cprofile", "crypt", "cstringio", "csv", "ctypes", "curses",
    "dataclasses", "datetime", "dbhash", "dbm", "decimal", "dialog", "difflib", "dircache", "dis",
    "distutils", "doctest", "docxmlrpcserver", "dumbdb", "dummy-threading", "email", "encodings",
    "ensurepip", "enum", "errno", "exceptions", "faulthandler", "fcntl", "filecmp", "filedialog",
    "fileinput", "fixtk", "fnmatch", "formatter", "fpformat", "fractions", "ftplib", "functools",
    "future-builtins", "gc", "gdbm", "genericpath", "getopt", "getpass", "gettext", "glob",
    "graphlib", "grp", "gzip", "hashlib", "heapq", "hmac", "hotshot", "html", "htmllib",
    "htmlparser", "http", "httplib", "idlelib", "ihooks", "imaplib", "imghdr", "imp", "importlib",
    "imputil", "inspect", "io", "ipaddress", "itertools", "json", "keyword", "lib2to3", "linecache",
    "locale", "logging", "lzma", "macpath", "mailbox", "mailcap", "marshal", "math", "md5", "mhlib",
    "mimetools", "mimetypes", "mimewriter", "mimify", "mmap", "modulefinder", "msilib", "msvcrt",
    "multifile", "multiprocessing", "mutex", "netrc", "new", "nis", "nntplib", "nt", "ntpath",
    "nturl2path", "numbers", "opcode", "operator", "optparse", "os", "os2emxpath", "ossaudiodev",
    "parser", "pathlib", "pdb", "pickle", "pickletools", "pipes", "pkgutil", "platform", "plistlib",
    "popen2", "poplib", "posix", "posixfile", "posixpath", "pprint", "profile", "pstats", "pty",
    "pwd", "py-compile", "pyclbr", "pydoc", "pydoc-data", "pyexpat", "queue", "quopri", "random",
    "re", "readline", "repr", "reprlib", "resource", "rexec", "rfc822", "rlcompleter",
    "robotparser", "runpy", "sched", "scrolledtext", "secrets", "select", "selectors", "sets",
    "sgmllib", "sha", "shelve", "shlex", "shutil", "signal", "simplehttpserver", "simplexmlrpclib",
    "site", "smtpd", "smtplib", "sndhdr", "socket", "socketserver", "spwd", "sqlite3",
    "sre-compile", "sre-constants", "sre-parse", "ssl", "stat", "statistics", "statvfs", "string",
    "stringio", "stringold", "stringprep", "strop", "struct", "subprocess", "sunau", "sunaudio",
    "symbol", "symtable", "sys", "sysconfig", "syslog", "tabnanny", "tarfile", "telnetlib",
    "tempfile", "termios", "test", "textwrap", "this", "thread", "threading", "time", "timeit",
    "tix", "tkcolorchooser", "tkcommondialog", "tkconstants", "tkdnd", "tkfiledialog", "tkfont",
    "tkinter", "tkmessagebox", "tksimpledialog", "toaiff", "token", "tokenize", "tomllib", "trace",
    "traceback", "tracemalloc", "ttk", "tty", "turtle", "turtledemo", "types", "typing",
    "unicodedata", "unittest", "urllib", "urllib2", "urlparse", "user", "userdict", "userlist",
    "userstring", "uu", "uuid", "venv", "warnings", "wave", "weakref", "webbrowser", "whichdb",
    "winreg", "winsound", "wsgiref", "xdrlib", "xml", "xmlrpc", "xmlrpclib", "zipapp", "zipfile",
    "zipimport", "zlib", "zoneinfo",
];

/// Whether a canonical project name is the name of a standard library module.
pub(crate) fn is_stdlib_module(canonical: &str) -> bool {
    STDLIB_MODULES.binary_search(&canonical).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_library_modules_are_known() {
        assert!(STDLIB_MODULES.is_sorted());
        for name in ["json", "urllib2", "dummy-threading", "tomllib", "xml"] {
            assert!(is_stdlib_module(name), "{name}");
        }
        assert!(!is_stdlib_module("requests"));
    }
}
