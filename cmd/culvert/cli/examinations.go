package cli

import "github.com/spf13/cobra"

// examinations are the commands that look at what is there, and for what is wrong.
func (a *app) examinations() []*cobra.Command {
	return []*cobra.Command{a.doctorCommand(), a.probeCommand(), a.selftestCommand(), a.testCommand(), a.topCommand(), a.bugreportCommand()}
}

// examinationsJSON documents their JSON.
const examinationsJSON = "| `doctor` | `{\"findings\":[...],\"counts\":{...}}`: `check`, `level` (`ok`, `unknown`, `warn`, `fail`), `text`, `action` |\n" +
	"| `probe` | `transports`, `groups`, `encryption`, `integrity`, `prf`, each with `accepted` (`yes`, `no`, `unknown`); `extensions`, `nat`, `mtu`, `rtt`, `untold`, `datagrams` |\n" +
	"| `selftest` | `processor`, `results` with `kind`, `name`, `passed`, `reason`, `seconds`; `passed`, `failed` |\n" +
	"| `test` | `target`, `result` (`passed`, `failed`), `steps` with `step`, `verdict` (`ok`, `failed`, `unknown`), `text`, `seconds` |\n" +
	"| `bugreport` | `file`, `entries` with `name`, `about`, `octets`, `removed`, `cut`, `problem` |\n"
