# A hardened image for Rosco. The variables up to extended attributes are those that Rosco passes (its AWSBakeHandler and
# CloudProviderBakeHandler); HCL2 refuses a variable that is not declared, so each has its place here, used or not.

packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "~> 1.3"
    }
  }
}

variable "aws_region" {
  type = string
}

variable "aws_source_ami" {
  type = string
}

variable "aws_target_ami" {
  type        = string
  description = "Name of the image, made by Rosco from amiName and amiSuffix."
}

variable "aws_instance_type" {
  type    = string
  default = "t3.small"
}

variable "aws_ssh_username" {
  type    = string
  default = "ubuntu"
}

variable "aws_winrm_username" {
  type    = string
  default = ""
}

variable "aws_subnet_id" {
  type    = string
  default = ""
}

variable "aws_vpc_id" {
  type    = string
  default = ""
}

variable "aws_associate_public_ip_address" {
  type    = bool
  default = false
}

variable "aws_ena_support" {
  type    = bool
  default = true
}

variable "aws_spot_price" {
  type    = string
  default = "0"
}

variable "aws_spot_price_auto_product" {
  type    = string
  default = ""
}

# Rosco passes keys only where its config has some. Leave them out there: its role is enough.
variable "aws_access_key" {
  type      = string
  default   = ""
  sensitive = true
}

variable "aws_secret_key" {
  type      = string
  default   = ""
  sensitive = true
}

variable "appversion" {
  type    = string
  default = ""
}

variable "build_host" {
  type    = string
  default = ""
}

variable "build_info_url" {
  type    = string
  default = ""
}

variable "repository" {
  type    = string
  default = ""
}

variable "package_type" {
  type    = string
  default = "deb"
}

variable "packages" {
  type    = string
  default = ""
}

variable "upgrade" {
  type    = string
  default = ""
}

variable "configDir" {
  type        = string
  description = "Rosco's folder of templates: where this file and its scripts are."
}

# Extended attributes of the bake stage.

variable "assay_run" {
  type        = string
  default     = ""
  description = "Id of the run that the image is for. It makes what a lost or late bake made recognisable."
}

variable "assay_line" {
  type    = string
  default = ""
}

variable "package_version" {
  type    = string
  default = ""
}

variable "kms_key_id" {
  type        = string
  default     = ""
  description = "Key to encrypt the image with; empty: the account's own for EBS."
}

locals {
  # A bake without a run (by hand) must not carry an empty tag, which would look like a run's.
  run_tags = var.assay_run == "" ? {} : {
    "assay:managed" = "true"
    "assay:run"     = var.assay_run
    "assay:line"    = var.assay_line
  }
  tags = merge(local.run_tags, {
    "Name"       = var.aws_target_ami
    "base_ami"   = var.aws_source_ami
    "appversion" = var.appversion
    "build_host" = var.build_host
  })
}

source "amazon-ebs" "golden" {
  region                      = var.aws_region
  access_key                  = var.aws_access_key
  secret_key                  = var.aws_secret_key
  source_ami                  = var.aws_source_ami
  ami_name                    = var.aws_target_ami
  instance_type               = var.aws_instance_type
  ssh_username                = var.aws_ssh_username
  subnet_id                   = var.aws_subnet_id
  vpc_id                      = var.aws_vpc_id
  associate_public_ip_address = var.aws_associate_public_ip_address
  ena_support                 = var.aws_ena_support
  encrypt_boot                = true
  kms_key_id                  = var.kms_key_id
  imds_support                = "v2.0"

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  # The image and its snapshots carry the run from the moment they exist, the builder and its volumes too.
  tags            = local.tags
  snapshot_tags   = local.tags
  run_tags        = local.run_tags
  run_volume_tags = local.run_tags
}

build {
  # Rosco reads the image's id from the log, by the region in front of it.
  sources = ["source.amazon-ebs.golden"]

  provisioner "shell" {
    scripts = [
      "${var.configDir}/scripts/install.sh",
      "${var.configDir}/scripts/agents.sh",
      "${var.configDir}/scripts/harden.sh",
      "${var.configDir}/scripts/clean.sh",
    ]
    execute_command = "chmod +x {{ .Path }}; sudo env {{ .Vars }} {{ .Path }}"
    environment_vars = [
      "PACKAGES=${var.packages}",
      "PACKAGE_TYPE=${var.package_type}",
      "PACKAGE_VERSION=${var.package_version}",
      "REPOSITORY=${var.repository}",
      "UPGRADE=${var.upgrade}",
    ]
  }
}
