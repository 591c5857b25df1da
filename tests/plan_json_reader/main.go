// Reads a plan document with the library that readers of Terraform's plans use, and prints what it
// found. Fails when the document is not what that library takes for a plan.
package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	tfjson "github.com/hashicorp/terraform-json"
)

func main() {
	document, err := io.ReadAll(os.Stdin)
	if err != nil {
		fail(err)
	}
	plan := &tfjson.Plan{}
	if err := plan.UnmarshalJSON(document); err != nil {
		fail(err)
	}
	if err := plan.Validate(); err != nil {
		fail(err)
	}
	for _, change := range plan.ResourceChanges {
		fmt.Println(change.Address, change.Type, change.Name, change.Change.Actions)
	}
	for _, resource := range plan.PlannedValues.RootModule.Resources {
		fmt.Println("planned", resource.Address, len(resource.AttributeValues))
	}
	for _, resource := range plan.Config.RootModule.Resources {
		for _, name := range slices.Sorted(maps.Keys(resource.Expressions)) {
			fmt.Println("configured", resource.Address, name, resource.Expressions[name].References)
		}
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
