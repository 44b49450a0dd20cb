"""Opens a page in Qt WebEngine: webengine.py URL NAME=PATH...

Serves each file under its name at app://adiuva. The scheme is standard and secure and has CORS, like one that Electron
registers with registerSchemesAsPrivileged. The program exits at the end of its standard input.
"""
import os
import sys
import threading

from PyQt6.QtCore import QBuffer, QByteArray, QIODevice, QUrl
from PyQt6.QtWebEngineCore import QWebEnginePage, QWebEngineProfile, QWebEngineUrlScheme, QWebEngineUrlSchemeHandler
from PyQt6.QtWidgets import QApplication

URL, FILES = sys.argv[1], dict(argument.split("=", 1) for argument in sys.argv[2:])

scheme = QWebEngineUrlScheme(b"app")
scheme.setSyntax(QWebEngineUrlScheme.Syntax.Host)
scheme.setFlags(QWebEngineUrlScheme.Flag.SecureScheme | QWebEngineUrlScheme.Flag.CorsEnabled)
QWebEngineUrlScheme.registerScheme(scheme)
application = QApplication(["webengine", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])


class Files(QWebEngineUrlSchemeHandler):
    def requestStarted(self, job):
        name = job.requestUrl().path().lstrip("/")
        if name not in FILES:
            return job.fail(job.Error.UrlNotFound)
        with open(FILES[name], "rb") as file:
            content = QByteArray(file.read())
        buffer = QBuffer(job)
        buffer.setData(content)
        buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        job.reply(b"text/html" if name.endswith(".html") else b"text/javascript", buffer)


class Page(QWebEnginePage):
    def javaScriptConsoleMessage(self, level, message, line, source):
        print(f"{source}:{line}: {message}", file=sys.stderr, flush=True)


def exit_at_end_of_input():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=exit_at_end_of_input, daemon=True).start()
profile = QWebEngineProfile()
files = Files()
profile.installUrlSchemeHandler(b"app", files)
page = Page(profile)
page.load(QUrl(URL))
application.exec()
