// Evaluates a Rego policy over a plan document with OPA's own library, and prints the result. Used as
// `plan_policy POLICY QUERY < PLAN`.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/open-policy-agent/opa/v1/rego"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 {
		return errors.New("usage: plan_policy POLICY QUERY < PLAN")
	}
	var plan any
	if err := json.NewDecoder(os.Stdin).Decode(&plan); err != nil {
		return fmt.Errorf("the plan is not JSON: %w", err)
	}
	query := rego.New(
		rego.Query(os.Args[2]),
		rego.Load([]string{os.Args[1]}, nil),
		rego.Input(plan),
		rego.StrictBuiltinErrors(true),
	)
	results, err := query.Eval(context.Background())
	if err != nil {
		return err
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return fmt.Errorf("%s is not defined", os.Args[2])
	}
	return json.NewEncoder(os.Stdout).Encode(results[0].Expressions[0].Value)
}
