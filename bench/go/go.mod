module libcgo.bench

go 1.19
