# The board's verbs, for the Makefile to include.
.PHONY: image flash yocto-check board-check

image: ## build the SD image with kas (hours, 70 GB); KAS=FILE for another release
	@scripts/yocto-image.sh $(KAS)

flash: ## write the SD image to a card; DEVICE=/dev/... [IMAGE=FILE.wic.zst]
	@scripts/flash.sh "$(DEVICE)" $(IMAGE)

yocto-check: ## check the Yocto layer offline; LAYERS=folder with clones of bitbake and the layers
	@scripts/yocto-check.sh $(LAYERS)

board-check: ## verify the board's systemd units and try its scripts, without a board and without bitbake
	@scripts/yocto-units.sh
	@yocto/check/scripts-test.sh
