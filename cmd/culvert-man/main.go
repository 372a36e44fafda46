// Command culvert-man writes the manual pages of culvert into a folder.
//
//	go run ./cmd/culvert-man build/man
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra/doc"

	"culvert/cmd/culvert/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: culvert-man FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "culvert-man:", err)
		os.Exit(1)
	}
}

// write makes the folder and fills it with one page for each command.
func write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	root := cli.New(cli.Env{Out: os.Stdout, Err: os.Stderr, Getenv: func(string) string { return "" }, Now: time.Now})
	root.DisableAutoGenTag = true
	return doc.GenManTree(root, &doc.GenManHeader{Title: "CULVERT", Section: "8", Source: "Culvert", Manual: "Culvert"}, folder)
}
