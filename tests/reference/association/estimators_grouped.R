# Partial, within and between correlations by base R. Run in this folder: Rscript estimators_grouped.R
library(jsonlite)
d <- read.csv("estimators_grouped.csv")
partial <- function(x, y, g, prepare) {
  ok <- !is.na(x) & !is.na(y)
  x <- prepare(x[ok]); y <- prepare(y[ok]); g <- factor(g[ok])
  model <- summary(lm(y ~ x + g))
  list(value = cor(resid(lm(x ~ g)), resid(lm(y ~ g))), p = model$coefficients["x", 4],
       df = model$df[2], n = length(x))
}
means <- function(v) tapply(v, d$participant, mean, na.rm = TRUE)
between <- function(method) {
  t <- suppressWarnings(cor.test(means(d$x), means(d$y), method = method, exact = FALSE))
  list(value = unname(t$estimate), p = t$p.value)
}
# Tau within levels: score and tie-corrected variance summed over the levels, both by cor.test of each level.
score <- function(x, y) sum(sign(outer(x, x, "-")) * sign(outer(y, y, "-"))) / 2
tau <- function(g) {
  ok <- !is.na(d$x) & !is.na(d$y); s <- v <- ux <- uy <- 0
  for (k in unique(g[ok])) {
    x <- d$x[ok & g == k]; y <- d$y[ok & g == k]
    s <- s + score(x, y); ux <- ux + score(x, x); uy <- uy + score(y, y)
    if (score(x, x) > 0 && score(y, y) > 0) {
      z <- suppressWarnings(cor.test(x, y, method = "kendall", exact = FALSE))$statistic
      if (z != 0) v <- v + (score(x, y) / z)^2
      else stop("a level with score 0: its variance cannot be read from cor.test")
    }
  }
  list(value = s / sqrt(ux * uy), p = 2 * pnorm(-abs(s / sqrt(v))))
}
same <- function(v) v
out <- list(
  made_by = "estimators_grouped.R", R = R.version.string,
  therapist = list(spearman = partial(d$x, d$y, d$therapist, rank), pearson = partial(d$x, d$y, d$therapist, same),
                   kendall = tau(d$therapist)),
  within = list(spearman = partial(d$x, d$y, d$participant, rank), pearson = partial(d$x, d$y, d$participant, same)),
  between = list(spearman = between("spearman"), pearson = between("pearson"), kendall = between("kendall"))
)
write(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = TRUE), "estimators_grouped.json")
