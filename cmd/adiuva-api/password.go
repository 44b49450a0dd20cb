package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxPasswordLine bounds what is read of a password; longer ones are refused anyway.
const maxPasswordLine = 4096

// readPassword asks for a password without showing it, or reads the first line of a standard input that is no terminal.
// The line's end is no part of the password.
func readPassword(env environment) (string, error) {
	if file, ok := env.in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(env.err, "Password: ")
		typed, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(env.err)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return string(typed), nil
	}
	var line string
	if env.in != nil {
		var err error
		line, err = bufio.NewReader(io.LimitReader(env.in, maxPasswordLine)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password: %w", err)
		}
	}
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	if line == "" {
		return "", errors.New("no password: type it when asked, write it to standard input, or use --password")
	}
	return line, nil
}
