module ml-job-mesh/shim

go 1.26
