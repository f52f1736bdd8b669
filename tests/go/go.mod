module libcgo.test

go 1.19
