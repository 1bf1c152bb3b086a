# Makes scale_expected.json and scale_monitoring.json: Rscript scale_expected.R, in this folder.
suppressMessages({library(psych); library(lavaan); library(jsonlite)})
quiet <- function(e) suppressWarnings(suppressMessages({sink("/dev/null"); on.exit(sink()); e}))
scale_of <- function(file) {
  d <- read.csv(file)
  a <- quiet(psych::alpha(d, check.keys = FALSE, warnings = FALSE))
  out <- list(n = nrow(d), alpha = a$total$raw_alpha, drop = a$alpha.drop$raw_alpha, rest = a$item.stats$r.drop,
              mean = a$item.stats$mean, sd = a$item.stats$sd)
  if (!anyNA(d)) {
    out$feldt <- unname(unlist(a$feldt[c("lower.ci", "upper.ci")]))
    one <- quiet(psych::fa(d, nfactors = 1, fm = "minres"))
    out$omega_minres <- 1 - sum(one$uniquenesses) / sum(cor(d))
    f <- quiet(cfa(paste("f =~", paste(names(d), collapse = "+")), d, std.lv = TRUE))
    l <- inspect(f, "est")
    if (sum(l$lambda) < 0) l$lambda <- -l$lambda
    out$loadings <- as.numeric(l$lambda); out$unique <- unname(diag(l$theta))
    out$omega_ml <- sum(l$lambda)^2 / (sum(l$lambda)^2 + sum(diag(l$theta)))
    out$chi_square <- unname(fitMeasures(f, "chisq")); out$df <- unname(fitMeasures(f, "df"))
    out$p <- if (out$df > 0) unname(fitMeasures(f, "pvalue")) else NULL
  }
  out
}
files <- c("scale_calpas5", "scale_items", "scale_items_missing")
made <- lapply(setNames(files, files), function(f) scale_of(paste0(f, ".csv")))
made$versions <- list(R = R.version.string, psych = as.character(packageVersion("psych")),
                      lavaan = as.character(packageVersion("lavaan")))
write(toJSON(made, digits = 15, auto_unbox = TRUE, null = "null", na = "null"), "scale_expected.json")

u <- read.csv("scale_monitoring.csv"); coders <- c("A", "B", "C"); dims <- paste0("d", 1:4)
wide <- function(d, drop = character()) {
  v <- subset(u, dimension == d & !(session %in% drop))
  t(sapply(sprintf("S%02d", 1:40), function(s) sapply(coders, function(c) {
    x <- v$value[v$session == s & v$coder == c]; if (length(x)) x else NA })))
}
out <- list()
for (c in coders) for (d in dims) {
  w <- wide(d); others <- setdiff(coders, c)
  dev <- w[, c] - rowMeans(w[, others], na.rm = TRUE); ok <- !is.na(dev)
  tt <- t.test(dev[ok]); m <- lm(dev[ok] ~ which(ok)); ci <- confint(m)[2, ]
  ratio <- function(w) {
    ss <- sapply(others, function(o) { both <- !is.na(w[, c]) & !is.na(w[, o]); n <- sum(both)
      if (n < 2) c(0, 0) else c(var(w[both, c]), var(w[both, o])) * (n - 1) })
    log(sqrt(sum(ss[1, ]) / sum(ss[2, ])))
  }
  rows <- which(ok); whole <- ratio(w)
  left <- sapply(rows, function(i) { x <- w; x[i, ] <- NA; ratio(x) }); n <- length(rows)
  half <- qt(.975, n - 1) * sqrt((n - 1) / n * sum((left - mean(left))^2))
  out[[paste(c, d)]] <- list(n = n, leniency = unname(tt$estimate), leniency_ci = as.numeric(tt$conf.int),
    drift = unname(coef(m)[2]), drift_ci = unname(ci), spread = exp(whole), spread_ci = exp(whole + c(-half, half)))
}
block <- function(c) sapply(dims, function(d) wide(d)[, c])
mean_cor <- function(x, y = x) {
  p <- suppressWarnings(cor(x, use = "pairwise.complete.obs"))[upper.tri(diag(4))]
  q <- suppressWarnings(cor(y, use = "pairwise.complete.obs"))[upper.tri(diag(4))]
  keep <- !is.na(p) & !is.na(q); c(mean(p[keep]), mean(q[keep]))
}
for (c in coders) {
  own <- block(c); rated <- which(rowSums(!is.na(own)) > 0); x <- own[rated, ]
  whole <- mean_cor(x)[1]; n <- nrow(x)
  left <- sapply(seq_len(n), function(i) mean_cor(x[-i, ])[1])
  half <- qt(.975, n - 1) * sqrt((n - 1) / n * sum((left - mean(left))^2))
  others <- setdiff(coders, c)
  masked <- lapply(others, function(o) { y <- block(o); m <- is.na(own) | is.na(y); a <- own; a[m] <- NA; y[m] <- NA; list(a, y) })
  shared <- sapply(masked, function(p) rowSums(!is.na(p[[1]])) > 0); used <- which(rowSums(shared) > 0)
  above <- function(rows) { d <- sapply(masked, function(p) { z <- mean_cor(p[[1]][rows, ], p[[2]][rows, ]); z[1] - z[2] })
    sum(d * colSums(shared)) / sum(shared) }
  w2 <- above(used); n2 <- length(used); l2 <- sapply(seq_len(n2), function(i) above(used[-i]))
  half2 <- qt(.975, n2 - 1) * sqrt((n2 - 1) / n2 * sum((l2 - mean(l2))^2))
  out[[paste(c, "halo")]] <- list(n = n, halo = whole, halo_ci = whole + c(-half, half), n_above = n2, above = w2,
                                  above_ci = w2 + c(-half2, half2))
}
w <- wide("d1"); d <- (w[, "A"] - w[, "B"]); d <- d[!is.na(d)]; n <- length(d); s <- sd(d); z <- qnorm(.975)
h <- qt(.975, n - 1) * s / sqrt(n)
ls <- s * sqrt((n - 1) / qchisq(.975, n - 1)); us <- s * sqrt((n - 1) / qchisq(.025, n - 1))
out$bland_altman <- list(n = n, bias = mean(d), bias_ci = mean(d) + c(-h, h), low = mean(d) - z * s,
  low_ci = mean(d) - z * s + c(-sqrt(h^2 + (z * (us - s))^2), sqrt(h^2 + (z * (s - ls))^2)),
  high = mean(d) + z * s, high_ci = mean(d) + z * s + c(-sqrt(h^2 + (z * (s - ls))^2), sqrt(h^2 + (z * (us - s))^2)))
write(toJSON(out, digits = 15, auto_unbox = TRUE, na = "null"), "scale_monitoring.json")
