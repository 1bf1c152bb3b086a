# Bootstrap intervals by R: BCa of ICC(C,1) and ICC(A,1) over sessions (boot), and percentiles of ICC(A,1) by a
# parametric bootstrap of the mixed model (lme4). Run in this folder: Rscript icc_bootstrap.R
suppressMessages({library(boot); library(lme4); library(jsonlite)})
set.seed(20261123)
d <- as.matrix(read.csv("icc_ratings_30x3.csv"))
both <- function(x, i) {
  y <- x[i, ]; n <- nrow(y); k <- ncol(y); g <- mean(y)
  msr <- k * sum((rowMeans(y) - g)^2) / (n - 1); msc <- n * sum((colMeans(y) - g)^2) / (k - 1)
  mse <- (sum((y - g)^2) - msr * (n - 1) - msc * (k - 1)) / ((n - 1) * (k - 1))
  c((msr - mse) / (msr + (k - 1) * mse), (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n))
}
made <- boot(d, both, R = 20000)
limits <- lapply(1:2, function(j) boot.ci(made, type = "bca", index = j)$bca[4:5])
u <- read.csv("icc_ratings_unbalanced_long.csv")
m <- lmer(congruent ~ 1 + (1 | session) + (1 | rater), u)
icc <- function(f) { v <- as.data.frame(VarCorr(f)); s <- v$vcov[v$grp == "session"]; s / sum(v$vcov) }
b <- suppressMessages(bootMer(m, icc, nsim = 2000, seed = 1))
cat(toJSON(list(`ICC(C,1) BCa` = limits[[1]], `ICC(A,1) BCa` = limits[[2]],
  `congruent ICC(A,1) bootMer` = unname(quantile(b$t, c(.025, .975), na.rm = TRUE)),
  versions = list(R = R.version.string, boot = as.character(packageVersion("boot")),
                  lme4 = as.character(packageVersion("lme4")))), auto_unbox = TRUE, digits = 8, pretty = TRUE))
