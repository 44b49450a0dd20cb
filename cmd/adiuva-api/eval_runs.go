package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/adiuva/cloud-api/internal/eval"
)

// compareRuns prints how the second run differs from the first.
func compareRuns(out io.Writer, first, second string) error {
	reports, err := readReports([]string{first, second})
	if err != nil {
		return err
	}
	return eval.Compare(reports[0].Report, reports[1].Report).Print(out, reports[0].Label, reports[1].Label)
}

// plotRuns draws the runs into the file.
func plotRuns(out io.Writer, path string, files []string) (err error) {
	runs, err := readReports(files)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	err = errors.Join(eval.Plot(f, runs), f.Close())
	if err == nil {
		_, err = fmt.Fprintf(out, "The plot is in %s.\n", path)
	}
	return err
}

// readReports reads reports with their labels. One that cannot be read is a usage error.
func readReports(paths []string) ([]eval.Series, error) {
	var list []eval.Series
	for _, path := range paths {
		report, err := eval.ReadReport(path)
		if err != nil {
			return nil, usageError("%w", err)
		}
		list = append(list, eval.Series{Label: eval.Label(path, report), Report: report})
	}
	return list, nil
}
